namespace EventSourcing.Storage;

/// <summary>The pages of one read: <see cref="Next"/> is the read of the next page, and <see cref="Take"/> accepts the page.</summary>
/// <remarks>Defines how pages follow each other: all pages are of one generation, and the read ends at the end of the first page's snapshot. It holds no page and waits for none, so it adds no cost.</remarks>
internal struct LogPages(RangeRead? read)
{
    private long _generation = -1;

    /// <summary>The read of the next page; null after the last page.</summary>
    internal RangeRead? Next { get; private set; } = read;

    /// <summary>The log's head in the first page's snapshot.</summary>
    internal GlobalPosition Head { get; private set; }

    /// <summary>Accepts a page that was read with <see cref="Next"/>.</summary>
    /// <exception cref="StoreUnavailableException">The page is of another generation: the earlier pages belong to another history, and the caller starts again.</exception>
    internal void Take(LogPage page)
    {
        var next = Next!.Next(page);
        if (_generation == -1)
        {
            (_generation, Head) = (page.Generation, page.Head);
            // Events stored during the read are left for another read. A backward read has passed their positions already.
            if (next is { Direction: ReadDirection.Forward }) next = Bounded(next, page);
        }
        else if (_generation != page.Generation)
        {
            throw OfAnotherGeneration();
        }

        Next = next;
    }

    internal static StoreUnavailableException OfAnotherGeneration() =>
        new("Events of the log were merged or removed during the read. Read it again.");

    private static RangeRead Bounded(RangeRead next, LogPage page) => next switch
    {
        AllRead { ThroughPosition: null } all => all with { ThroughPosition = page.Head },
        StreamRead { ThroughVersion: null } stream => stream with { ThroughVersion = page.StreamVersion },
        _ => next,
    };
}
