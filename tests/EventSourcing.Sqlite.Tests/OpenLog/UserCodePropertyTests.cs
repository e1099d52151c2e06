using System.Globalization;
using System.Text;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>Random sequences of statements and appends in users' transactions, against a model of what is stored.</summary>
public class UserCodePropertyTests : OpenLogTest
{
    private const int Transactions = 12, StepsAtMost = 25;

    /// <summary>What is stored. Copied where a savepoint begins.</summary>
    private sealed record State(List<(string Stream, int N)> Events, HashSet<int> Rows, int Record)
    {
        internal State Copy() => new([.. Events], [.. Rows], Record);
    }

    private sealed class GivenUpException : Exception;

    private State _stored = null!;
    private int _next;

    [Test]
    public async Task Random_work_leaves_what_the_model_says([Range(1, 60)] int seed)
    {
        Sql("CREATE TABLE mine (id INTEGER PRIMARY KEY, n INTEGER CHECK (n <> 13))");
        (_stored, _next) = (new([], [], 0), 0);
        var random = new Random(seed);
        for (var i = 0; i < Transactions; i++)
        {
            if (random.Next(3) == 0)
            {
                _stored.Events.Add(($"s-{i % 3}", ++_next));
                await AppendAsync($"s-{i % 3}", Numbered(_next));
            }

            var outcome = default(State);
            var steps = new List<string>();
            try
            {
                outcome = await Log.InSqliteTransactionAsync(tx => Work(tx, random, steps)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (GivenUpException)
            {
                steps.Add("given up");
            }
            catch (InvalidOperationException e) when (e.Message.Contains("Nothing of the transaction is kept", StringComparison.Ordinal))
            {
                steps.Add("lost");
            }

            if (outcome is not null) _stored = outcome;
            await AgreesAsync($"seed {seed}, transaction {i + 1}: {string.Join("; ", steps)}");
        }

        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
        await ReopenAsync();
        await AgreesAsync($"seed {seed}, opened again");
    }

    // Returns null where the transaction was lost on the way: the log must say so, too.
    private State Work(SqliteLogTransaction tx, Random random, List<string> steps)
    {
        var now = _stored.Copy();
        var savepoints = new List<(string Name, State State)>();
        var isLost = false;
        var connection = tx.Connection;
        for (var left = random.Next(1, StepsAtMost); left > 0; left--)
        {
            var step = random.Next(14);
            steps.Add(step.ToString(CultureInfo.InvariantCulture));
            try
            {
                Step(step);
            }
            catch (Exception e) when (isLost && e is SqliteException or InvalidOperationException)
            {
                // Nothing is done any more, and the work does not notice.
                continue;
            }

            if (isLost) throw new InvalidTimeZoneException($"Step {step} was done in a transaction that is over.");
        }

        return now;

        void Step(int step)
        {
            var stream = $"s-{random.Next(3)}";
            var n = ++_next;
            // Those that fail anyway show nothing in a transaction that is over.
            if (isLost && step is 3 or 7 or 8) step = 0;
            switch (step)
            {
                case 0 or 1 or 2:
                    var version = now.Events.Count(e => e.Stream == stream);
                    var result = tx.Append(Appended(stream, ExpectedVersion.Exactly(version), n));
                    now.Events.Add((stream, n));
                    (result.FirstPosition.ToInt64(), result.Version).Should().Be((now.Events.Count, version + 1));
                    break;
                case 3:
                    tx.Invoking(t => t.Append(Appended(stream, ExpectedVersion.Exactly(1_000), n))).Should().Throw<WrongExpectedVersionException>();
                    break;
                case 4 or 5:
                    connection.Run($"INSERT INTO events (stream, eventType, data) VALUES ('{stream}', 'numbered', '{{\"n\":{n}}}')");
                    now.Events.Add((stream, n));
                    break;
                case 6:
                    connection.Run($"INSERT INTO mine VALUES ({n}, 1)");
                    now.Rows.Add(n);
                    break;
                case 7:
                    // Two statements of which the second fails: the first stays.
                    Fails($"INSERT INTO mine VALUES ({n}, 1); INSERT INTO mine VALUES ({n}, 2)");
                    now.Rows.Add(n);
                    break;
                case 8:
                    Fails($"INSERT OR FAIL INTO mine SELECT {n} + value * 1000000, 12 + value FROM json_each('[0, 1]')");
                    now.Rows.Add(n);
                    break;
                case 9:
                    tx.Append(new() { Tracking = new("source", n) });
                    now = now with { Record = n };
                    break;
                case 10:
                    connection.Run($"SAVEPOINT p{n}");
                    savepoints.Add(($"p{n}", now.Copy()));
                    break;
                case 11 when savepoints.Count > 0:
                    var back = random.Next(savepoints.Count);
                    connection.Run($"ROLLBACK TO {savepoints[back].Name}");
                    now = savepoints[back].State.Copy();
                    savepoints.RemoveRange(back + 1, savepoints.Count - back - 1);
                    break;
                case 12 when savepoints.Count > 0:
                    var released = random.Next(savepoints.Count);
                    connection.Run($"RELEASE {savepoints[released].Name}");
                    savepoints.RemoveRange(released, savepoints.Count - released);
                    break;
                case 13 when random.Next(3) == 0:
                    Fails($"INSERT OR ROLLBACK INTO mine VALUES ({n}, 13)");
                    isLost = true;
                    throw new InvalidOperationException("as a step of a lost transaction does");
                case 13 when random.Next(3) == 0:
                    throw new GivenUpException();
                default:
                    if (isLost) throw new InvalidOperationException("nothing to do");
                    break;
            }
        }

        void Fails(string sql) => connection.Invoking(c => c.Run(sql)).Should().Throw<SqliteException>();
    }

    private static LogEvent Numbered(int n) => Event("numbered", $"{{\"n\":{n}}}");

    private static LogAppend Appended(string stream, ExpectedVersion expected, int n) => new() { Writes = new StreamWrite[] { new(stream, expected, new[] { Numbered(n) }) } };

    private async Task AgreesAsync(string because)
    {
        var events = await AllAsync();
        events.Select(e => $"{e.StreamId} {Encoding.UTF8.GetString(e.Data.Span)}").Should().Equal(_stored.Events.Select(e => $"{e.Stream} {{\"n\":{e.N}}}"), because);
        events.Select(e => e.Position.ToInt64()).Should().Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), because);
        foreach (var stream in events.GroupBy(e => e.StreamId)) stream.Select(e => e.Version).Should().Equal(Enumerable.Range(1, stream.Count()).Select(i => (long)i), because);
        using (var connection = Connect()) connection.Rows("SELECT id FROM mine ORDER BY id").Should().Equal(_stored.Rows.Order().Select(id => $"{id}"), because);
        var records = await Log.ReadRecordsAsync(RecordKind.Tracking, "source", "source", 1, default);
        records.Select(r => (int)BitConverter.ToInt64(r.Value.Span)).Should().Equal(_stored.Record == 0 ? [] : [_stored.Record], because);
        using var stop = new CancellationTokenSource();
        var waiting = Log.WaitAsync(GlobalPosition.FromInt64(events.Count), stop.Token).AsTask();
        waiting.IsCompleted.Should().BeFalse(because);
        await stop.CancelAsync();
        await waiting.ContinueWith(static _ => { }, TaskScheduler.Default);
        waiting.IsCanceled.Should().BeTrue(because);
    }
}
