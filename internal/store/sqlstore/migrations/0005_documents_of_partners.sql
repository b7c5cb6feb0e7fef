-- What partners upload: the file's name is theirs and may say who somebody is,
-- so it is sealed with the person's key and gone with it. The digest, keyed with
-- that key too, keeps the same bytes from being given to an identification twice.
ALTER TABLE documents ADD COLUMN sealed_name {{bytes}};
ALTER TABLE documents ADD COLUMN digest {{bytes}};
CREATE UNIQUE INDEX documents_once ON documents (identification_id, document_type, digest) WHERE digest IS NOT NULL;
