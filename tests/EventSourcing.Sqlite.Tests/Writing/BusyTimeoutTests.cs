using System.Diagnostics;
using EventSourcing.Sqlite.Tests.Faults;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Writing;

[Parallelizable(ParallelScope.All)]
public class BusyTimeoutTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);

    public enum Work
    {
        Appends,
        AppendsWithoutPlaces,
        UserTransactions,
        AppendsBehindUserTransactions,
    }

    [Test]
    public async Task No_call_waits_much_longer_than_the_busy_timeout_however_long_the_queue([Values] Work work)
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { BusyTimeout = s_timeout, QueueCapacity = work == Work.AppendsWithoutPlaces ? 8 : 8192 });
        await AppendAsync(log);
        using (new ForeignLock(file.Path))
        {
            var watch = Stopwatch.StartNew();
            Task[] calls = work switch
            {
                Work.Appends => [.. Enumerable.Range(0, 5000).Select(_ => AppendAsync(log))],
                Work.AppendsWithoutPlaces => [.. Enumerable.Range(0, 200).Select(_ => AppendAsync(log))],
                Work.UserTransactions => [.. Enumerable.Range(0, 20).Select(_ => TransactAsync(log))],
                _ => [.. Enumerable.Range(0, 10).Select(_ => TransactAsync(log)), AppendAsync(log)],
            };

            foreach (var call in calls) await call.Invoking(c => c).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*busy timeout*");

            watch.Elapsed.Should().BeGreaterThanOrEqualTo(s_timeout).And.BeLessThan(s_timeout * 4);
        }

        await AppendAsync(log);
    }

    [Test]
    public async Task A_call_that_came_later_waits_for_its_own_busy_timeout()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { BusyTimeout = TimeSpan.FromSeconds(3) });
        await AppendAsync(log);
        var foreign = new ForeignLock(file.Path);
        var first = AppendAsync(log);
        // The second waits behind the first for nearly its whole time.
        await Task.Delay(1500);
        var second = AppendAsync(log);

        await first.Invoking(f => f).Should().ThrowAsync<StoreUnavailableException>();
        second.IsCompleted.Should().BeFalse();
        foreign.Dispose();

        (await second).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
    }

    private static Task<int> TransactAsync(SqliteEventLog log) => log.InSqliteTransactionAsync(_ => 0).AsTask();

    private static async Task<AppendResult> AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
