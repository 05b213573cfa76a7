"""The chains of jobs by which they are put in order."""

from hypothesis import given
from hypothesis import strategies as st

from smallobjects.cluster.chains import longest_chains


def test_a_chain_counts_the_job_and_the_longest_way_to_the_end():
    needs = {
        "table": ["long score", "short score"],
        "long score": ["training"],
        "short score": ["training"],
        "training": [],
        "alone": [],
    }
    minutes = {"table": 1, "long score": 30, "short score": 5, "training": 100, "alone": 7}
    assert longest_chains(needs, minutes) == {
        "table": 1,
        "long score": 31,
        "short score": 6,
        "training": 131,
        "alone": 7,
    }


@st.composite
def plans(draw):
    """Jobs 0…n-1, each of which needs some of those before it."""
    count = draw(st.integers(1, 12))
    needs = {
        job: draw(st.lists(st.integers(0, job - 1), unique=True)) if job else []
        for job in range(count)
    }
    return needs, {job: draw(st.integers(0, 100)) for job in range(count)}


@given(plans())
def test_it_is_the_longest_of_all_ways(plan):
    needs, minutes = plan

    def ways(job):
        waiting = [other for other in needs if job in needs[other]]
        return [[job]] + [[job, *way] for other in waiting for way in ways(other)]

    expected = {job: max(sum(minutes[each] for each in way) for way in ways(job)) for job in needs}
    assert longest_chains(needs, minutes) == expected
