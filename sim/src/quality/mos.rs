//! Owns the estimate of how people would rate the speech they heard: the E-model of ITU-T G.107 in the reduced form
//! of Cole and Rosenbluth ("Voice over IP performance monitoring", ACM SIGCOMM CCR 31(2), 2001). Echo, noise and
//! loudness are absent: a simulation has none.

/// Rating without delay and loss: G.107 with its default values.
const RATING_DEFAULT: f64 = 93.2;
/// Robustness of the codec against loss. G.113 Appendix I gives 25.1 for G.711 with packet loss concealment; it gives
/// no value for Opus, so taking this one (and an equipment impairment of zero) for Opus is an assumption.
const LOSS_ROBUSTNESS: f64 = 25.1;
/// Impairment by the codec itself, without loss (G.113 gives 0 for G.711; assumed for Opus).
const EQUIPMENT_IMPAIRMENT: f64 = 0.0;
/// One-way delay in milliseconds beyond which conversation suffers noticeably (Cole and Rosenbluth).
const DELAY_KNEE_MS: f64 = 177.3;

/// Mean opinion score, 1.0 (bad) to 4.5 (ITU-T G.107 Annex B), of speech that took `delay_ms` from mouth to ear, with
/// `loss` (0 to 1) of its time concealed. `burst_ratio` is the mean length of a gap over the length that random loss
/// of the same share would give (G.107 section 7.4); 1 or more.
pub fn mean_opinion_score(delay_ms: f64, loss: f64, burst_ratio: f64) -> f64 {
    let beyond = (delay_ms - DELAY_KNEE_MS).max(0.0);
    let delay_impairment = 0.024 * delay_ms + 0.11 * beyond;
    let percent = loss * 100.0;
    let loss_impairment = EQUIPMENT_IMPAIRMENT
        + (95.0 - EQUIPMENT_IMPAIRMENT) * percent / (percent / burst_ratio.max(1.0) + LOSS_ROBUSTNESS);
    score_of_rating(RATING_DEFAULT - delay_impairment - loss_impairment)
}

/// G.107 Annex B: from the rating to the score. The cubic dips below 1 for ratings under 6.5, where the score is 1.
fn score_of_rating(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    if rating >= 100.0 {
        return 4.5;
    }
    (1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating)).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 0.005, "{actual} is not {expected}");
    }

    #[test]
    fn the_annex_gives_these_scores_for_these_ratings() {
        // G.107 Annex B, table B.1: ratings 90, 80, 70, 60, 50 are scores 4.34, 4.03, 3.60, 3.10, 2.58.
        for (rating, score) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            // The table rounds to two decimals, once upwards.
            assert!((score_of_rating(rating) - score).abs() < 0.01, "{rating}");
        }
        assert_near(score_of_rating(-5.0), 1.0);
        assert_near(score_of_rating(3.0), 1.0);
        assert_near(score_of_rating(120.0), 4.5);
    }

    #[test]
    fn perfect_speech_scores_441_and_no_more() {
        assert_near(mean_opinion_score(0.0, 0.0, 1.0), 4.409);
    }

    #[test]
    fn delay_costs_little_before_the_knee_and_much_after_it() {
        let at = |ms| mean_opinion_score(ms, 0.0, 1.0);
        assert!(at(0.0) - at(170.0) < 0.1);
        assert!(at(180.0) - at(350.0) > 0.5);
    }

    #[test]
    fn loss_costs_and_bursts_cost_more() {
        let clean = mean_opinion_score(50.0, 0.0, 1.0);
        let random = mean_opinion_score(50.0, 0.05, 1.0);
        let bursty = mean_opinion_score(50.0, 0.05, 4.0);
        // 5 %: 95 x 5 / (5 + 25.1) = 15.8 points of rating.
        assert_near(random, score_of_rating(93.2 - 1.2 - 15.781));
        assert!(clean > random && random > bursty, "{clean} {random} {bursty}");
        assert_near(mean_opinion_score(50.0, 0.05, 0.2), random);
    }

    #[test]
    fn silence_instead_of_speech_scores_near_the_bottom() {
        assert!(mean_opinion_score(100.0, 1.0, 1.0) < 1.4);
        assert!(mean_opinion_score(5_000.0, 1.0, 50.0) <= 1.0);
    }
}
