// Imported for its effect: repeating timers no longer keep the process alive.
//
// The client paces a Xet download by one, and forgets it when a reader stops before the end (as its own edits of
// a part of a file do); a suite whose tests have all passed would then never end.
const { setInterval } = globalThis;
globalThis.setInterval = (...parameters) => setInterval(...parameters).unref();
