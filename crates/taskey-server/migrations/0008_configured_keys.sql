-- keys that the settings make

-- Made and removed by the settings of the server, at its start; 0: by people.
ALTER TABLE api_key ADD COLUMN configured BIGINT NOT NULL DEFAULT 0;
-- From where a key may be used, a JSON list of addresses and networks; empty: from everywhere.
ALTER TABLE api_key ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
