-- Real and simulated claims, in the columns of claims_normalized.
CREATE OR REPLACE VIEW claims_feed AS
SELECT {columns} FROM claims_normalized
UNION ALL
SELECT {columns} FROM claims_live_stream
