//! Kit of the faces: caller extractor, errors to responses, paging, ranges, the route registry.
