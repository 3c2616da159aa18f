def test_x(world, make):
    done = world.gate()
    print(done)
    text = world.propose(make.model("s", "other"))
    world.record
    print(world.gate("--format", "json"))
    assert 0
