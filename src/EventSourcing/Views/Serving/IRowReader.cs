using EventSourcing.Storage;

namespace EventSourcing.Views.Serving;

/// <summary>Reads stored documents of one projection and decodes them.</summary>
internal interface IRowReader<TRow> where TRow : class
{
    string Name { get; }

    int Table { get; }

    IReadOnlyList<string> IndexNames { get; }

    ValueTask<Page<TRow>> ReadPageAsync(ViewRead read, Func<StoredViewRow, string> cursorOf, CancellationToken cancellationToken);

    ValueTask<long> CountAsync(IReadOnlyList<ViewCondition> conditions, CancellationToken cancellationToken);
}
