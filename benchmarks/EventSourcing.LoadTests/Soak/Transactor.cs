using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Writes rows and events in one transaction; some throw, some roll back to a savepoint, some leave a reader open.</summary>
internal sealed class Transactor(int number, SoakedLog log) : Actor($"transactor {number}", "transactions", log)
{
    /// <summary>The table of the rows: one for each event of a transactor's.</summary>
    public const string Table = "soak_written";

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await (Random.Shared.Next(5) switch
        {
            0 => ThrowAsync(),
            1 => RollBackAsync(),
            2 => LeaveOpenAsync(),
            _ => CommitAsync(),
        });
        Did();
        await RestAsync(1, 20, stop);
    }

    private async Task CommitAsync()
    {
        var events = Log.Make(2, Name);
        Log.Acknowledge(events, await Store.InSqliteTransactionAsync(transaction => Write(transaction, events), CancellationToken.None));
    }

    private async Task ThrowAsync()
    {
        var thrown = new InvalidDataException("Thrown by the work.");
        try
        {
            await Store.InSqliteTransactionAsync(transaction =>
            {
                Write(transaction, Log.Make(2, Name));
                throw thrown;
            }, CancellationToken.None);
            Fault("gets no exception from a work that throws");
        }
        catch (InvalidDataException e)
        {
            Expect(e == thrown, $"gets another exception than was thrown: {e}");
        }
    }

    private async Task RollBackAsync()
    {
        var events = Log.Make(1, Name);
        Log.Acknowledge(events, await Store.InSqliteTransactionAsync(transaction =>
        {
            Sql.Execute(transaction.Connection, "SAVEPOINT before");
            Write(transaction, Log.Make(3, Name));
            Sql.Execute(transaction.Connection, "ROLLBACK TO before");
            Sql.Execute(transaction.Connection, "RELEASE before");
            return Write(transaction, events);
        }, CancellationToken.None));
    }

    private async Task LeaveOpenAsync()
    {
        var left = new List<IDisposable>();
        try
        {
            await Store.InSqliteTransactionAsync(transaction =>
            {
                Write(transaction, Log.Make(1, Name));
                var command = transaction.Connection.CreateCommand();
                left.Add(command);
                command.CommandText = $"SELECT number FROM {Table}";
                var reader = command.ExecuteReader();
                left.Insert(0, reader);
                reader.Read();
            }, CancellationToken.None);
            Fault("may leave a reader open");
        }
        catch (InvalidOperationException)
        {
            // Expected: nothing is kept.
        }

        // As a finalizer or a late using would do it: on another thread than the writer's.
        foreach (var one in left) one.Dispose();
    }

    private static AppendResult Write(SqliteStoreTransaction transaction, Noted[] events)
    {
        foreach (var e in events) Sql.Execute(transaction.Connection, $"INSERT INTO {Table} (number) VALUES ($number)", e.Number);
        return transaction.Append(SoakEvents.AnyStream(), ExpectedVersion.Any, events);
    }
}
