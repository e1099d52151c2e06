using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Events shown where they lie: the same as those of pages, and the visitor's own doings.</summary>
internal static class VisitCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Visits_show_what_pages_hold),
        ContractCase.Of(Visit_says_what_its_page_says),
        ContractCase.Of(Visitor_that_wants_no_more_sees_no_more),
        ContractCase.Of(Error_of_a_visitor_is_the_callers),
        ContractCase.Of(Visitor_may_read_and_write_the_log),
        ContractCase.Of(Visit_that_makes_no_sense_is_refused),
    ];

    private static readonly LogRead[] Reads =
    [
        new(), new() { MaxCount = 2 }, new() { MaxBytes = 150 }, new() { Direction = ReadDirection.Backward, MaxCount = 3 }, new() { From = 3, Through = 5 },
        new() { Stream = "s" }, new() { Stream = "s", Direction = ReadDirection.Backward, MaxCount = 1 }, new() { Stream = "none" },
        new() { Query = EventQuery.OfTypes("Odd") }, new() { Query = EventQuery.All.Tagged("third", "yes"), MaxCount = 1 }, new() { EventId = Given },
    ];

    private static Guid Given { get; } = new("0190163d-8694-739b-aea5-966c26f8ad91");

    private static async Task FillAsync(LogUnderTest log)
    {
        for (var i = 1; i <= 8; i++)
        {
            var e = new LogEvent
            {
                Type = i % 2 == 0 ? "Even" : "Odd",
                Id = i == 5 ? Given : null,
                Data = Encoding.UTF8.GetBytes($"{i} {new string('d', i * 9)}"),
                Metadata = i % 4 == 0 ? default : Encoding.UTF8.GetBytes($$"""{"i":"{{i}}"}"""),
                Tags = i % 3 == 0 ? [new("third", "yes")] : null,
                CorrelationId = i == 2 ? "c" : null,
            };
            await log.AppendAsync(i % 3 == 1 ? "other" : "s", e, new LogEvent { Type = "Empty" }).ConfigureAwait(false);
        }
    }

    private static async Task Visits_show_what_pages_hold(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        foreach (var read in Reads)
        {
            var expected = (await log.ReadAsync(read).ConfigureAwait(false)).Select(e => Describe(e));
            var shown = new List<string>();
            bool Visit(in RecordedEvent e)
            {
                shown.Add(Describe(e));
                return true;
            }

            for (var next = read; ;)
            {
                using var page = await log.Log.VisitAsync(next, Visit, CancellationToken.None).ConfigureAwait(false);
                if (page.IsLast) break;
                next = next with { From = page.Next };
            }

            Expect.Equal(expected, shown, $"what is shown for {read}");
        }
    }

    private static string Describe(in RecordedEvent e) =>
        $"{e.Position} {e.StreamId}@{e.Version} {e.Type} {e.Id} {e.Timestamp:O} {e.CorrelationId} {string.Join(',', e.Tags ?? [])} {e.IsJson} "
        + $"{Encoding.UTF8.GetString(e.Data.Span)} {Encoding.UTF8.GetString(e.Metadata.Span)}";

    private static async Task Visit_says_what_its_page_says(LogUnderTest log)
    {
        await FillAsync(log).ConfigureAwait(false);
        foreach (var read in Reads)
        {
            using var page = await log.Log.ReadAsync(read, CancellationToken.None).ConfigureAwait(false);
            using var visited = await log.Log.VisitAsync(read, static (in _) => true, CancellationToken.None).ConfigureAwait(false);
            Expect.Equal(
                (page.Head, page.StreamVersion, page.Generation, page.IsLast, page.IsLast ? 0 : page.Next),
                (visited.Head, visited.StreamVersion, visited.Generation, visited.IsLast, visited.IsLast ? 0 : visited.Next),
                $"head, version, generation, last, next for {read}");
            Expect.Equal(0, visited.Events.Length, "events on the page");
        }
    }

    private static async Task Visitor_that_wants_no_more_sees_no_more(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
        foreach (var read in new[] { new LogRead(), new LogRead { Stream = "s" } })
        {
            var seen = 0;
            using var page = await log.Log.VisitAsync(read, (in _) => ++seen < 3, CancellationToken.None).ConfigureAwait(false);
            Expect.Equal(3, seen, "events seen");
        }
    }

    private static async Task Error_of_a_visitor_is_the_callers(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(10)).ConfigureAwait(false);
        var error = new InvalidOperationException("of the visitor");
        for (var i = 0; i < 100; i++)
        {
            var seen = 0;
            var thrown = await Expect.ThrowsAsync<InvalidOperationException>(
                async () => await log.Log.VisitAsync(new(), (in _) => ++seen == 3 ? throw error : true, CancellationToken.None).ConfigureAwait(false), "the visit").ConfigureAwait(false);
            Expect.True(ReferenceEquals(error, thrown), "it is the visitor's own exception");
        }

        Expect.Equal(Make.CountTo(10), (await log.ReadAllAsync().ConfigureAwait(false)).Positions(), "events afterwards");
        await log.AppendAsync("s", Make.Numbered(1)).ConfigureAwait(false);
    }

    private static async Task Visitor_may_read_and_write_the_log(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(3)).ConfigureAwait(false);
        var nested = new List<string>();
        bool Inner(in RecordedEvent e)
        {
            nested.Add($"{e.Position}");
            return true;
        }

        bool Visit(in RecordedEvent e)
        {
            nested.Add($"[{e.Position}");
            log.Log.VisitAsync(new(), Inner, CancellationToken.None).AsTask().GetAwaiter().GetResult().Dispose();
            log.AppendAsync("t", Make.Numbered(1)).GetAwaiter().GetResult();
            nested.Add($"{Encoding.UTF8.GetString(e.Data.Span).Length > 0}]");
            return true;
        }

        using var page = await log.Log.VisitAsync(new(), Visit, CancellationToken.None).ConfigureAwait(false);
        Expect.Equal(
            ["[1", "1", "2", "3", "True]", "[2", "1", "2", "3", "4", "True]", "[3", "1", "2", "3", "4", "5", "True]"], nested, "what was seen, in order");
        Expect.Equal(6L, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Visit_that_makes_no_sense_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        await Expect.ThrowsAsync<LogTruncatedException>(
            async () => await log.Log.VisitAsync(new() { From = 4 }, static (in _) => true, CancellationToken.None).ConfigureAwait(false), "the visit").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await log.Log.VisitAsync(new() { MaxCount = 0 }, static (in _) => true, CancellationToken.None).ConfigureAwait(false), "the visit").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentNullException>(
            async () => await log.Log.VisitAsync(new(), null!, CancellationToken.None).ConfigureAwait(false), "the visit").ConfigureAwait(false);
    }
}
