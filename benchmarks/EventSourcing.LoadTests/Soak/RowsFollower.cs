using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Writes a row for each event in the transaction of its checkpoint; fails now and then after it has enlisted the row, which the next attempt enlists again.</summary>
internal sealed class RowsFollower(EventBus bus, SoakedLog log) : Follower("rows", bus, log)
{
    /// <summary>The table of the rows. It takes a position twice: what is doubled is to be seen, not refused.</summary>
    public const string Table = "soak_rows";

    private const int FailsOneIn = 1999;

    protected override SubscriptionOptions Options { get; } = new() { OnFailure = new() { Delay = TimeSpan.FromMilliseconds(1) } };

    protected override void Handle(EventEnvelope e, DeliveryContext delivery)
    {
        var position = e.Position.ToInt64();
        delivery.Enlist<SqliteLogTransaction>(transaction => Sql.Execute(transaction.Connection, $"INSERT INTO {Table} (position) VALUES ($number)", position));
        if (delivery.Attempt == 1 && ((INumbered)e.Data).Number % FailsOneIn == 0) throw new InvalidDataException("The first attempt fails.");
    }
}
