using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using NUnit.Framework;

namespace EventSourcing.EntityFrameworkCore.Tests;

internal sealed class ProjectionTests
{
    private readonly FailurePolicy _quick = new() { MaxRetryAttempts = 2, Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(1) };
    private EventStore _store = null!;
    private EventBus _bus = null!;
    private ShopDatabase _database = null!;

    [SetUp]
    public void Open() => (_store, _bus, _database) = (NewStore(), null!, new());

    [TearDown]
    public async Task CloseAsync()
    {
        if (_bus is not null) await _bus.DisposeAsync();
        await _store.DisposeAsync();
        _database.Dispose();
    }

    [Test]
    public async Task Rows_and_checkpoint_agree_with_the_log()
    {
        await Shop.AppendAsync(_store, 0, 600);
        await RunAsync();
        await _database.VerifyAsync(600);
        var checkpoint = await _database.CheckpointAsync();
        checkpoint.Name.Should().Be("order-rows");
        checkpoint.Position.Should().Be(2400);
        ResumeToken.Parse(checkpoint.Token!, null).Position.ToInt64().Should().Be(2400);
        checkpoint.UpdatedAt.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task A_batch_has_one_context_which_is_disposed_and_never_used_again()
    {
        await Shop.AppendAsync(_store, 0, 100);
        var contexts = new List<(ShopContext Context, long Position)>();
        await RunAsync(events => events
            .On<Placed>((shop, placed, e) => { contexts.Add((shop, e.Position.ToInt64())); shop.Orders.Add(new() { Id = e.StreamId.Value, Total = placed.Total }); })
            .On<Paid>((shop, paid, e, ct) => { contexts.Add((shop, e.Position.ToInt64())); return Shop.PayAsync(shop, paid, e, ct); }), new() { CheckpointEvery = 40 });

        var batches = contexts.GroupBy(c => c.Context).Select(g => g.Select(c => c.Position).ToArray()).ToArray();
        batches.Should().OnlyContain(positions => positions.Length <= 40);
        batches.Length.Should().BeInRange(8, 60);
        contexts.Select(c => c.Position).Should().BeInAscendingOrder();
        await _bus.DisposeAsync();
        _database.VerifyContexts();
        await _database.VerifyAsync(100);
    }

    [Test]
    public async Task A_restart_resumes_after_the_checkpoint()
    {
        for (var run = 0; run < 3; run++)
        {
            await Shop.AppendAsync(_store, run * 20, 20);
            await RunAsync();
            await _bus.DisposeAsync();
            await _database.VerifyAsync((run + 1) * 20);
        }
    }

    [Test]
    public async Task A_partitioned_projection_has_a_checkpoint_for_each_partition()
    {
        await Shop.AppendAsync(_store, 0, 60);
        for (var run = 0; run < 2; run++)
        {
            await RunAsync(options: new() { IsPartitioned = true, MaxConcurrency = 4 });
            await _bus.DisposeAsync();
            await _database.VerifyAsync(60);
        }

        await using var context = _database.Read();
        (await context.Set<EventSourcingCheckpoint>().CountAsync()).Should().BeInRange(8, 16);
    }

    [Test]
    public async Task A_failing_event_pauses_the_projection_after_the_events_before_it()
    {
        await Shop.AppendAsync(_store, 0, 20);
        var isBroken = true;
        var subscription = await StartAsync(events => Failing(events, e => isBroken && e.StreamId == "order-7"), new() { OnFailure = _quick });
        var waiting = () => subscription.WaitForPositionAsync(GlobalPosition.FromInt64(80)).WaitAsync(Signal.Patience);
        (await waiting.Should().ThrowAsync<SubscriptionException>()).WithInnerException<SubscriptionException>().WithMessage("*no stock*");
        (await _database.CheckpointAsync()).Position.Should().Be(28, "the events of the seven orders before it are committed");

        isBroken = false;
        await subscription.ResumeAsync();
        await waiting();
        await _database.VerifyAsync(20);
    }

    [Test]
    public async Task A_parked_event_counts_once_when_it_is_retried()
    {
        await Shop.AppendAsync(_store, 0, 10);
        var isBroken = true;
        var policy = new FailurePolicy { MaxRetryAttempts = 0, Then = AfterRetries.Park };
        var subscription = await StartAsync(events => Failing(events, e => isBroken && e.StreamId == "order-0"), new() { OnFailure = policy });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(40)).WaitAsync(Signal.Patience);

        isBroken = false;
        (await subscription.RetryAsync("order-0")).Should().Be(3);
        await _database.VerifyAsync(10);
        await using var context = _database.Read();
        (await context.Set<EventSourcingRetriedEvent>().CountAsync()).Should().Be(3);
        (await _database.CheckpointAsync()).Position.Should().Be(40);
    }

    [Test]
    public async Task A_log_restored_to_an_older_state_is_refused()
    {
        await Shop.AppendAsync(_store, 0, 20);
        await RunAsync();
        await _bus.DisposeAsync();
        await using var restored = NewStore();
        await Shop.AppendAsync(restored, 0, 30);
        await using var bus = new EventBus(restored);

        var subscription = await StartOnAsync(bus, Shop.Project, new());
        (await subscription.Awaiting(s => s.WaitForPositionAsync(GlobalPosition.FromInt64(120)).WaitAsync(Signal.Patience)).Should().ThrowAsync<SubscriptionException>())
            .WithInnerException<LogDivergedException>();
        subscription.State.Should().Be(SubscriptionState.Faulted);
        await _database.VerifyAsync(20);
    }

    [Test]
    public async Task A_reset_of_the_subscription_is_refused()
    {
        await Shop.AppendAsync(_store, 0, 1);
        var subscription = await RunAsync();
        await subscription.Awaiting(s => s.ResetAsync(StartFrom.Beginning)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*LoadToken*");
        await _database.VerifyAsync(1);
    }

    [Test]
    public async Task A_projection_starts_again_when_its_rows_and_its_checkpoint_are_deleted_while_it_runs()
    {
        await Shop.AppendAsync(_store, 0, 20);
        var subscription = await RunAsync();
        await using (var context = _database.Read())
        {
            await using var transaction = await context.Database.BeginTransactionAsync();
            await context.Orders.ExecuteDeleteAsync();
            await context.ResetProjectionAsync("order-rows");
            await transaction.CommitAsync();
        }

        await Shop.AppendAsync(_store, 20, 1);
        // The position stays where it was while the projection starts again: the rows are looked at.
        for (var tries = 0; tries < 600 && (await CountAsync()) < 21; tries++) await Task.Delay(20);
        await _database.VerifyAsync(21);
        subscription.State.Should().Be(SubscriptionState.Live);

        async Task<int> CountAsync()
        {
            await using var context = _database.Read();
            return await context.Orders.CountAsync(o => o.Payments == 2);
        }
    }

    [Test]
    public async Task Settings_and_models_that_do_not_fit_are_refused_at_the_start()
    {
        _bus = new(_store);
        await _bus.Awaiting(b => b.ProjectAsync("p", _database, Shop.Project, new() { LoadToken = (_, _) => Task.FromResult<ResumeToken?>(null) }))
            .Should().ThrowAsync<ArgumentException>().WithMessage("*LoadToken*");
        await _bus.Awaiting(b => b.ProjectAsync("p", () => new BareContext(new DbContextOptionsBuilder<BareContext>().UseSqlite(_database.ConnectionString).Options), e => e.On<Paid>((_, _, _) => { })))
            .Should().ThrowAsync<StoreConfigurationException>().WithMessage("*AddEventSourcingCheckpoints*");
        await _bus.Awaiting(b => b.ProjectAsync("p", _database, _ => { })).Should().ThrowAsync<ArgumentException>().WithMessage("*handles no event*");
        await _bus.Awaiting(b => b.ProjectAsync("p", _database, e => e.On<Paid>((_, _, _) => { }).On<Paid>((_, _, _) => { }))).Should().ThrowAsync<ArgumentException>().WithMessage("*already has a handler*");
        await _bus.Awaiting(b => b.ProjectAsync("p", _database, e => e.On<Paid>(async (_, _, _) => await Task.Yield()))).Should().ThrowAsync<ArgumentException>().WithMessage("*asynchronous*");
        _bus.Subscriptions.Should().BeEmpty();
    }

    [Test]
    public async Task Each_setting_reaches_the_subscription()
    {
        var writer = new Writing.ProjectionWriter<ShopContext>("p", _database, new DbContextHandlers<ShopContext>().On<Paid>((_, _, _) => { }), TimeProvider.System);
        var options = new SubscriptionOptions
        {
            Filter = EventFilter.Category("order"),
            From = StartFrom.End,
            OnFailure = _quick,
            PartitionKey = e => e.Type,
            CheckpointEvery = 7,
            CheckpointAfter = TimeSpan.FromSeconds(7),
            IsPartitioned = true,
            MaxConcurrency = 7,
        };
        var copy = writer.Complete(options);
        foreach (var property in typeof(SubscriptionOptions).GetProperties().Where(p => p.Name != nameof(SubscriptionOptions.LoadToken)))
            property.GetValue(copy).Should().Be(property.GetValue(options), property.Name).And.NotBe(property.GetValue(new SubscriptionOptions()), property.Name);
        (await copy.LoadToken!(0, CancellationToken.None)).Should().BeNull();
    }

    [Test]
    public void A_migration_creates_the_tables()
    {
        using var context = _database.Read();
        var model = context.GetService<IDesignTimeModel>().Model.GetRelationalModel();
        var created = context.GetService<IMigrationsModelDiffer>().GetDifferences(null, model).OfType<CreateTableOperation>().ToArray();
        created.Select(t => t.Name).Should().BeEquivalentTo("Orders", "EventSourcingCheckpoints", "EventSourcingRetriedEvents");
        created.Single(t => t.Name == "EventSourcingCheckpoints").PrimaryKey!.Columns.Should().Equal("Name", "Partition");
    }

    private static EventStore NewStore() => new(new InMemoryEventLog(), Shop.Types);

    private static void Failing(DbContextHandlers<ShopContext> events, Func<EventEnvelope, bool> fails) => events
        .On<Placed>((shop, placed, e) =>
        {
            shop.Orders.Add(new() { Id = e.StreamId.Value, Total = placed.Total });
            if (fails(e)) throw new InvalidOperationException("no stock");
        })
        .On<Paid>(Shop.PayAsync);

    private Task<Subscription> StartAsync(Action<DbContextHandlers<ShopContext>> build, SubscriptionOptions options) => StartOnAsync(_bus = new(_store), build, options);

    private Task<Subscription> StartOnAsync(EventBus bus, Action<DbContextHandlers<ShopContext>> build, SubscriptionOptions options) => bus.ProjectAsync("order-rows", _database, build, options);

    private async Task<Subscription> RunAsync(Action<DbContextHandlers<ShopContext>>? build = null, SubscriptionOptions? options = null)
    {
        var subscription = await StartAsync(build ?? Shop.Project, options ?? new());
        await subscription.WaitForPositionAsync(await _store.GetHeadAsync()).WaitAsync(Signal.Patience);
        return subscription;
    }
}
