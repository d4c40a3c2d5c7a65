"""An honest, deterministic claims_normalized for people who have none."""
