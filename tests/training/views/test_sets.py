import pytest
from django.urls import reverse

from training.models.sets import TrainingSet

pytestmark = pytest.mark.django_db


def make_set(number: int) -> TrainingSet:
    return TrainingSet.objects.create(name=f"Satie {number}", sha256=f"{number:064}", header="bare-three")


def test_the_room_is_empty_before_the_first_set(owner_client):
    page = owner_client.get(reverse("training")).content.decode()
    assert "No training files yet" in page
    assert 'aria-current="page">Training</a>' in page


def test_the_newest_set_stands_first(owner_client):
    make_set(1)
    make_set(2)
    page = owner_client.get(reverse("training")).content.decode()
    assert page.index("Satie 2") < page.index("Satie 1")


@pytest.mark.parametrize("count", [1, 3])
def test_the_room_asks_a_constant_number_of_questions(owner_client, django_assert_num_queries, count):
    for number in range(count):
        make_set(number)
    owner_client.get(reverse("training"))
    with django_assert_num_queries(5):
        owner_client.get(reverse("training"))
