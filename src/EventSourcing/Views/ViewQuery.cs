using System.Runtime.CompilerServices;
using EventSourcing.Storage;
using EventSourcing.Views.Serving;

namespace EventSourcing;

/// <summary>Documents of a view, selected by its indexes and ordered by one of them. Immutable and thread-safe: each method returns another query or reads.</summary>
/// <typeparam name="TRow">The document.</typeparam>
/// <example><code>Page&lt;OrderRow&gt; page = await orders.Where("customer", id).OrderBy("created").PageAsync(50, cursor);</code></example>
public sealed class ViewQuery<TRow> where TRow : class
{
    /// <summary>The maximum number of documents in a page.</summary>
    public const int MaxPage = 10_000;

    private readonly IRowReader<TRow> _reader;
    private readonly IReadOnlyList<ViewCondition> _conditions;
    private readonly int? _orderBy;
    private readonly bool _isDescending;

    internal ViewQuery(IRowReader<TRow> reader) : this(reader, [], null, false)
    {
    }

    private ViewQuery(IRowReader<TRow> reader, IReadOnlyList<ViewCondition> conditions, int? orderBy, bool isDescending) =>
        (_reader, _conditions, _orderBy, _isDescending) = (reader, conditions, orderBy, isDescending);

    /// <summary>Of these, the documents with a value of an index.</summary>
    /// <param name="index">The index's name.</param>
    /// <param name="value">The value; <c>default</c> for none.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public ViewQuery<TRow> Where(string index, ViewValue value) => With(new(IndexOf(index), value, value));

    /// <summary>Of these, the documents whose value of an index is not below a value. Documents without a value are left out.</summary>
    /// <param name="index">The index's name.</param>
    /// <param name="value">The lowest value, inclusive.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public ViewQuery<TRow> From(string index, ViewValue value) => With(new(IndexOf(index), value, null));

    /// <summary>Of these, the documents whose value of an index is not above a value. Documents without a value are left out.</summary>
    /// <param name="index">The index's name.</param>
    /// <param name="value">The highest value, inclusive.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public ViewQuery<TRow> Through(string index, ViewValue value) => With(new(IndexOf(index), null, value));

    /// <summary>Orders by an index, then by key.</summary>
    /// <param name="index">The index's name.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public ViewQuery<TRow> OrderBy(string index) => new(_reader, _conditions, IndexOf(index), false);

    /// <summary>Orders by an index, then by key, both descending.</summary>
    /// <param name="index">The index's name.</param>
    /// <exception cref="ArgumentException">The projection has no such index.</exception>
    public ViewQuery<TRow> OrderByDescending(string index) => new(_reader, _conditions, IndexOf(index), true);

    /// <summary>Reads a page.</summary>
    /// <param name="max">At most this many documents, 1 to <see cref="MaxPage"/>.</param>
    /// <param name="cursor">The cursor of the page before (<see cref="Page{TRow}.Next"/>); null for the first page.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    /// <exception cref="ArgumentException">The number is out of its range, or the cursor is not one of this query.</exception>
    public ValueTask<Page<TRow>> PageAsync(int max, string? cursor = null, CancellationToken cancellationToken = default)
    {
        if (max is < 1 or > MaxPage) throw new ArgumentOutOfRangeException(nameof(max), max, $"A page has 1 to {MaxPage} documents.");
        var read = new ViewRead
        {
            Table = _reader.Table,
            Conditions = _conditions,
            OrderBy = _orderBy,
            Descending = _isDescending,
            After = cursor is null ? null : Cursor.Parse(cursor, Shape),
            Max = max,
        };
        return _reader.ReadPageAsync(read, last => Cursor.Print(last, Shape), cancellationToken);
    }

    /// <summary>Reads all documents, page after page; each page is read at one point in time, and the next one at a later one.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    public async IAsyncEnumerable<TRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (string? cursor = null; ;)
        {
            var page = await PageAsync(1_000, cursor, cancellationToken).ConfigureAwait(false);
            foreach (var row in page.Rows) yield return row;
            if (page.Next is null) yield break;
            cursor = page.Next;
        }
    }

    /// <summary>Counts the documents.</summary>
    /// <param name="cancellationToken">Ends waits.</param>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => _reader.CountAsync(_conditions, cancellationToken);

    private string Shape => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_reader.Name}:{_orderBy ?? -1}:{(_isDescending ? 'd' : 'a')}");

    private int IndexOf(string index)
    {
        ArgumentNullException.ThrowIfNull(index);
        var found = _reader.IndexNames.ToList().IndexOf(index);
        if (found >= 0) return found;
        var known = _reader.IndexNames.Count == 0 ? "It has none." : $"It has: {string.Join(", ", _reader.IndexNames)}.";
        throw new ArgumentException($"Projection '{_reader.Name}' has no index '{index}'. {known}", nameof(index));
    }

    private ViewQuery<TRow> With(ViewCondition condition) => new(_reader, [.. _conditions, condition], _orderBy, _isDescending);
}
