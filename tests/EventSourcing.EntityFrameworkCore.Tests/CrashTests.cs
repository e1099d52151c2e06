using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.EntityFrameworkCore.Tests;

/// <summary>Transactions that fail, and transactions whose commit is reported as failed although it took place.</summary>
internal sealed class CrashTests
{
    private readonly FailurePolicy _patient = new() { MaxRetryAttempts = 1000, Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(1) };

    [Test]
    public Task A_crash_before_the_commit_leaves_no_rows_and_no_checkpoint() => RunAsync((database, random) => database.Committing = () => Throw(random));

    [Test]
    public Task A_commit_whose_answer_is_lost_counts_once() => RunAsync((database, random) => database.Committed = () => Throw(random));

    [Test]
    public Task Both_at_random_count_once() => RunAsync((database, random) => (database.Committing, database.Committed) = (() => Throw(random), () => Throw(random)));

    [Test]
    public Task Both_with_a_retrying_execution_strategy_count_once() =>
        RunAsync((database, random) => (database.Committing, database.Committed) = (() => Throw(random), () => Throw(random)), retries: true);

    [Test]
    public async Task A_lost_answer_does_not_park_an_event_that_is_committed()
    {
        await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
        using var database = new ShopDatabase();
        await Shop.AppendAsync(store, 0, 20);
        database.Committed = () => throw new TimeoutException("no answer");
        await using var bus = new EventBus(store);
        var subscription = await bus.ProjectAsync("order-rows", database, Shop.Project, new() { CheckpointEvery = 3, OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(80)).WaitAsync(Signal.Patience);
        await database.VerifyAsync(20);
        (await subscription.GetStatusAsync()).Should().BeEquivalentTo(new { Parked = 0, Failures = 0 });
    }

    [Test]
    public async Task A_database_that_is_away_after_a_commit_is_asked_until_it_answers()
    {
        await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
        using var database = new ShopDatabase();
        await Shop.AppendAsync(store, 0, 1);
        var refusals = 0;
        database.Committed = () =>
        {
            database.Making = () => ++refusals < 3 ? throw new TimeoutException("still away") : Task.CompletedTask;
            throw new TimeoutException("no answer");
        };
        await using var bus = new EventBus(store);
        var subscription = await bus.ProjectAsync("order-rows", database, Shop.Project);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(4)).WaitAsync(Signal.Patience);
        refusals.Should().BeGreaterThanOrEqualTo(3);
        await database.VerifyAsync(1);
        (await subscription.GetStatusAsync()).Failures.Should().Be(0);
    }

    private static void Throw(Random random)
    {
        if (random.Next(3) == 0) throw new TimeoutException("lost");
    }

    /// <summary>Runs a projection over 120 orders in several starts, while transactions fail at random.</summary>
    private async Task RunAsync(Action<ShopDatabase, Random> fail, bool retries = false)
    {
        await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);
        using var database = new ShopDatabase(retries);
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        fail(database, new(seed));
        for (var run = 0; run < 6; run++)
        {
            await Shop.AppendAsync(store, run * 20, 20);
            await using var bus = new EventBus(store);
            var subscription = await bus.ProjectAsync("order-rows", database, Shop.Project, new() { CheckpointEvery = 1 + (run * 5), OnFailure = _patient });
            await subscription.WaitForPositionAsync(GlobalPosition.FromInt64((run + 1) * 80)).WaitAsync(Signal.Patience);
            await bus.DisposeAsync();
            await database.VerifyAsync((run + 1) * 20);
            (await database.CheckpointAsync()).Position.Should().Be((run + 1) * 80);
        }

        database.VerifyContexts();
    }
}
