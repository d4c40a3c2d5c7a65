"""How suspicious a claim looks: rules and anomaly model. Knows nothing of who made it."""
