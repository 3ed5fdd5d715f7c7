//! Owns the judgement: requirement catalogue, checks, gate and reports.
