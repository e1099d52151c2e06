using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What is special where bytes are shown in SQLite's own memory.</summary>
public class VisitTests
{
    [Test]
    public async Task Bytes_kept_from_a_visit_are_refused_not_read()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log, 2);
        var kept = new List<ReadOnlyMemory<byte>>();
        bool Visit(in RecordedEvent e)
        {
            if (e.Version == 1) kept.AddRange([e.Data, e.Metadata]);
            return true;
        }

        (await log.VisitAsync(new(), Visit, CancellationToken.None)).Dispose();
        foreach (var bytes in kept)
        {
            FluentActions.Invoking(() => bytes.ToArray()).Should().Throw<InvalidOperationException>().WithMessage("*valid during the visit only*");
            FluentActions.Invoking(() => bytes.Pin()).Should().Throw<InvalidOperationException>();
        }
    }

    [Test]
    public async Task Visitor_that_reads_waits_for_no_reader_as_it_holds_one()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { MaxReaders = 1 });
        await AppendAsync(log, 3);
        var seen = 0;
        bool Count(in RecordedEvent e) => ++seen > 0;
        bool Visit(in RecordedEvent e)
        {
            log.VisitAsync(new(), Count, CancellationToken.None).AsTask().Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
            return true;
        }

        (await log.VisitAsync(new(), Visit, CancellationToken.None)).Dispose();
        seen.Should().Be(9);
    }

    [Test]
    public async Task Visit_sees_one_snapshot_while_others_write()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log, 3);
        var positions = new List<long>();
        bool Visit(in RecordedEvent e)
        {
            positions.Add(e.Position.ToInt64());
            AppendAsync(log, 1).Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
            return true;
        }

        using var page = await log.VisitAsync(new(), Visit, CancellationToken.None);
        positions.Should().Equal(1, 2, 3);
        page.Head.ToInt64().Should().Be(3);
        page.IsLast.Should().BeTrue();
    }

    private static async Task AppendAsync(SqliteEventLog log, int count)
    {
        var events = Enumerable.Range(1, count).Select(i => new LogEvent { Type = "T", Data = "[1]"u8.ToArray(), Metadata = """{"a":"b"}"""u8.ToArray(), IsJson = true }).ToArray();
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, events) } }, CancellationToken.None);
    }
}
