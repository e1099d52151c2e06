using System.Runtime.CompilerServices;
using EventSourcing.Storage;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Changes;

/// <summary>Reads the changes of one view page by page. Nothing is buffered beyond a page, and no snapshot is open while the caller handles a change.</summary>
internal sealed class ChangeReader<TRow>(IRowDeclaration<TRow> projection, int table, ChangeFeed feed) where TRow : class
{
    private const int PageSize = 100;

    private readonly ChangeTokens _tokens = new(projection.Name, table, feed.Version);

    /// <param name="from">The place; <c>default</c> for that of the first call.</param>
    /// <param name="at">The position that is waited for first; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal async IAsyncEnumerable<ViewChange<TRow>> ReadAsync(ViewChangeToken from, GlobalPosition? at, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (token, position) = (from, at);
        while (true)
        {
            var written = feed.Written;
            IReadOnlyList<StoredViewChange> page;
            ViewChangeToken[] tokens;
            using (var opened = await feed.OpenAsync(position, cancellationToken).ConfigureAwait(false))
            {
                if (token == default) token = _tokens.Last(opened);
                page = _tokens.ReadAfter(opened, token, PageSize);
                tokens = [.. page.Select(change => _tokens.After(opened, change))];
            }

            position = null;
            for (var i = 0; i < page.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var change = page[i];
                token = tokens[i];
                yield return new(change.Key, Decode(change, change.Before), Decode(change, change.After), change.Position, token);
            }

            if (page.Count == 0) await feed.WaitAsync(written, cancellationToken).ConfigureAwait(false);
        }
    }

    private TRow? Decode(in StoredViewChange change, ReadOnlyMemory<byte>? json) => json is { } found ? RowDecoder.Decode(projection, change.Key, found.Span) : null;
}
