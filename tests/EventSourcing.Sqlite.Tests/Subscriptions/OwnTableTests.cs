using EventSourcing.Sqlite.Tests.OpenLog;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

public class OwnTableTests : OpenLogTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private EventStore _store = null!;
    private EventBus _subscriber = null!;

    [SetUp]
    public async Task Fill()
    {
        _store = new(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("copy")));
        _subscriber = new(_store);
        Sql("CREATE TABLE parts (name TEXT PRIMARY KEY); INSERT INTO parts VALUES ('known'); "
            + "CREATE TABLE shipped (position INTEGER UNIQUE, part TEXT REFERENCES parts (name) DEFERRABLE INITIALLY DEFERRED, CHECK (position != 8))");
        for (var i = 0; i < 20; i++) await AppendAsync($"s-{i % 5}", Event("t", "{}"));
    }

    [TearDown]
    public ValueTask Stop() => _subscriber.DisposeAsync();

    private async Task<Subscription> HandleAllAsync(Func<long, string> partOf)
    {
        var handler = SubscriptionHandler.RawEach((e, delivery, _) =>
        {
            var position = e.Position.ToInt64();
            delivery.Enlist<SqliteLogTransaction>(tx => tx.Connection.Run("INSERT INTO shipped VALUES ($p, $n)", ("$p", position), ("$n", partOf(position))));
            delivery.Append("copies-1", ExpectedVersion.Any, [new Numbered((int)position)]);
            return Task.CompletedTask;
        });
        var options = new SubscriptionOptions { Filter = EventQuery.All.InCategory("s"), CheckpointEvery = 6, OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } };
        var subscription = await _subscriber.SubscribeAsync("shipping", handler, options);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(20)).WaitAsync(s_patience);
        return subscription;
    }

    [Test]
    public async Task Rows_refused_by_their_table_park_their_event_and_lose_no_other_effect()
    {
        await HandleAllAsync(_ => "known");
        Scalar("SELECT group_concat(position) FROM (SELECT position FROM shipped ORDER BY position)").Should().Be("1,2,3,4,5,6,7,9,10,11,12,14,15,16,17,19,20");
        Count("events WHERE eventType = 'copy'").Should().Be(17);
    }

    [Test]
    public async Task Foreign_keys_checked_at_the_end_park_their_event_too()
    {
        var isFixed = false;
        var subscription = await HandleAllAsync(position => position == 4 && !isFixed ? "unknown" : "known");
        Count("shipped").Should().Be(20 - 3 - 4);
        isFixed = true;
        (await subscription.RetryAsync("s-3")).Should().Be(4);
        Count("shipped WHERE position IN (4, 9, 14, 19)").Should().Be(4);
        Count("events WHERE eventType = 'copy'").Should().Be(17);
    }
}
