-- Objects kept as what they share with another, and what each commit brought. Owner: hub_repo.

-- If `base` is set, `data` is the zlib stream of a delta on that object, which lies in the same repository and is never
-- removed before what stands on it. `delta_size` is what the delta inflates to, `depth` how many bases lie below.
ALTER TABLE git_object ADD COLUMN base BLOB;
ALTER TABLE git_object ADD COLUMN delta_size BIGINT;
ALTER TABLE git_object ADD COLUMN depth BIGINT;
CREATE INDEX git_object_by_base ON git_object (repo_id, base) WHERE base IS NOT NULL;

-- The trees and files that a commit has and none of its parents has: a count of trees in four bytes, their ids, and the
-- ids of the files. NULL means that its trees must be compared to know. What a commit reaches is the sum over its history.
ALTER TABLE git_commit ADD COLUMN introduced BLOB;
