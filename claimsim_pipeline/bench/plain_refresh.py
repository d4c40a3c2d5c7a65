"""The plain way to score a table, as one would write it in a notebook. A yardstick, not a part."""

from __future__ import annotations

from pathlib import Path

import duckdb

from claimsim_pipeline.scoring.features import CATEGORICAL, NUMERIC
from claimsim_pipeline.scoring.training import CONTAMINATION, SEED, TREES


def score_plainly(path: Path, cache: Path) -> None:
    """The whole table into a frame, one-hot, fit, score, and back."""
    import pandas as pd
    from sklearn.ensemble import IsolationForest

    with duckdb.connect(str(path)) as connection:
        claims = connection.execute("SELECT * FROM claims_feed").df()
    features = claims[list(NUMERIC)].fillna(0)
    features = pd.concat([features, pd.get_dummies(claims[list(CATEGORICAL)])], axis=1)
    forest = IsolationForest(
        n_estimators=TREES, contamination=CONTAMINATION, random_state=SEED, n_jobs=-1
    ).fit(features)
    score = -forest.decision_function(features)
    scores = pd.DataFrame({"claim_id": claims["claim_id"], "ml_score": score})
    span = scores["ml_score"].max() - scores["ml_score"].min()
    scores["ml_score_normalized"] = (scores["ml_score"] - scores["ml_score"].min()) / span
    scores.to_parquet(cache)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE OR REPLACE TABLE plain_scores AS SELECT * FROM scores")
        connection.execute("DROP TABLE plain_scores")
