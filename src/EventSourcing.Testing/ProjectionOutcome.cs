using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>The documents that projections made of the given events, or the exception that stopped them.</summary>
public sealed class ProjectionOutcome
{
    private readonly ViewSet _set;
    private readonly IReadOnlyList<ProjectedTable> _tables;
    private readonly Exception? _refusal;

    internal ProjectionOutcome(ViewSet set, IReadOnlyList<ProjectedTable> tables, Exception? refusal) => (_set, _tables, _refusal) = (set, tables, refusal);

    /// <summary>Reads the documents as live views; null where a projection was refused.</summary>
    internal LiveDocuments? Live { private get; init; }

    /// <summary>The documents of one projection only, for a set of several.</summary>
    /// <param name="projection">The projection's name.</param>
    /// <exception cref="ArgumentException">The set has no such projection.</exception>
    public ProjectionOutcome Of(string projection)
    {
        ArgumentNullException.ThrowIfNull(projection);
        return _tables.FirstOrDefault(table => table.Projection.Name == projection) is { } table
            ? new(_set, [table], _refusal) { Live = Live }
            : throw new ArgumentException($"View set '{_set.Name}' has no projection '{projection}'. It has: {Names()}.", nameof(projection));
    }

    /// <summary>Expects a document. Both are compared by their stored JSON: the order of properties and the trailing zeros of numbers do not count.</summary>
    /// <typeparam name="TRow">The document, of one projection of the set. Where several have documents of the type, name one first (<see cref="Of"/>).</typeparam>
    /// <param name="key">The document's key.</param>
    /// <param name="row">The document.</param>
    /// <exception cref="ArgumentException">No projection has documents of the type, or several have.</exception>
    /// <exception cref="SpecificationException">There is no such document, it is another one, one of them differs when it is read back, a live view of the projection has another one, or a projection failed.</exception>
    public ProjectionOutcome Then<TRow>(string key, TRow row) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(key);
        if (row is null) throw new ArgumentNullException(nameof(row), "To expect that there is no document, use ThenNone(key).");
        var (table, contract) = Find<TRow>();
        var expected = JsonSerializer.SerializeToUtf8Bytes(row, contract);
        if (_refusal is not null) throw Refused(Text(expected));
        ThrowIfLost(contract, expected);
        if (!table.Documents.TryGetValue(key, out var found))
            throw new SpecificationException($"Projection '{table.Projection.Name}' has no document '{key}'.", Text(expected), KeysOf(table));
        if (EventDifference.FindInJson(expected, found) is { } difference)
            throw new SpecificationException($"Document '{key}' of projection '{table.Projection.Name}' differs: {difference}.", Text(expected), Text(found));
        ThrowIfOtherLive((Projection<TRow>)table.Projection, key, expected);
        return this;
    }

    /// <summary>Expects figures of a row of a tally.</summary>
    /// <param name="key">The row's key (<see cref="Tally.KeyOf"/>).</param>
    /// <param name="figures">Figures with their values; null for a minimum or a maximum without a value. Figures that are not named are not compared.</param>
    /// <exception cref="ArgumentException">No projection of the set is a tally, or several are: name one first (<see cref="Of"/>).</exception>
    /// <exception cref="SpecificationException">There is no such row, a figure is another one or does not exist, or a projection failed.</exception>
    public ProjectionOutcome ThenFigures(string key, params IReadOnlyList<(string Figure, decimal? Value)> figures)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(figures);
        var tallies = _tables.Where(table => table.Projection is Tally).ToArray();
        if (tallies is not [var table]) throw new ArgumentException($"{(tallies.Length == 0 ? "None" : "More than one")} of these projections is a tally: {Names()}.");
        var expected = string.Join(", ", figures.Select(figure => $"{figure.Figure} {figure.Value?.ToString(CultureInfo.InvariantCulture) ?? "null"}"));
        if (_refusal is not null) throw Refused(expected);
        if (!table.Documents.TryGetValue(key, out var found)) throw new SpecificationException($"Tally '{table.Projection.Name}' has no row '{key}'.", expected, KeysOf(table));
        using var row = JsonDocument.Parse(found);
        foreach (var (figure, value) in figures)
            if (!row.RootElement.TryGetProperty(figure, out var stored) || !IsFigure(stored, value))
                throw new SpecificationException($"Row '{key}' of tally '{table.Projection.Name}' differs: {figure}.", expected, Text(found));
        return this;
    }

    /// <summary>Expects that no projection has a document of a key.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="SpecificationException">There is a document, or a projection failed.</exception>
    public ProjectionOutcome ThenNone(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_refusal is not null) throw Refused("no document");
        foreach (var table in _tables)
            if (table.Documents.TryGetValue(key, out var found))
                throw new SpecificationException($"Projection '{table.Projection.Name}' has a document '{key}'.", "no document", Text(found));
        return this;
    }

    /// <summary>Expects that a projection failed at an event.</summary>
    /// <typeparam name="TException">The exception: a <see cref="ViewException"/>, with what a handler threw as its inner exception, or a base of it.</typeparam>
    /// <returns>The exception, for further checks.</returns>
    /// <exception cref="SpecificationException">No projection failed, or with something else.</exception>
    public TException ThenThrows<TException>() where TException : Exception => _refusal switch
    {
        TException expected => expected,
        null => throw new SpecificationException("The projection did not fail.", typeof(TException).Name, string.Join("; ", _tables.Select(KeysOf))),
        _ => throw Refused(typeof(TException).Name),
    };

    private static bool IsFigure(JsonElement stored, decimal? value) => stored.ValueKind switch
    {
        JsonValueKind.Number => stored.GetDecimal() == value,
        JsonValueKind.Null => value is null,
        _ => false,
    };

    private void ThrowIfOtherLive<TRow>(Projection<TRow> projection, string key, byte[] expected) where TRow : class
    {
        if (Live is null || !Live.TryFind(projection, key, out var found)) return;
        if (found is null) throw new SpecificationException($"Projection '{projection.Name}' has no document '{key}' as a live view.", Text(expected), "no document");
        if (EventDifference.FindInJson(expected, found) is { } difference)
            throw new SpecificationException($"Document '{key}' of projection '{projection.Name}' differs as a live view: {difference}. A handler depends on other documents, or on events that are not of the key.", Text(expected), Text(found));
    }

    private (ProjectedTable Table, JsonTypeInfo<TRow> Contract) Find<TRow>() where TRow : class
    {
        var found = _tables.Where(table => table.Projection is Projection<TRow>).ToArray();
        return found switch
        {
            [var table] => (table, ((Projection<TRow>)table.Projection).Contract),
            [] => throw new ArgumentException($"None of these projections has documents of {typeof(TRow)}: {Names()}."),
            _ => throw new ArgumentException($"Several projections have documents of {typeof(TRow)}: {Names()}. Name one first: Of(\"{found[0].Projection.Name}\")."),
        };
    }

    private static void ThrowIfLost<TRow>(JsonTypeInfo<TRow> contract, byte[] json) where TRow : class
    {
        var again = JsonSerializer.Deserialize(json, contract) is { } row ? JsonSerializer.SerializeToUtf8Bytes(row, contract) : "null"u8.ToArray();
        if (EventDifference.FindInJson(json, again) is { } difference)
            throw new SpecificationException(
                $"A document {typeof(TRow).Name} differs when it is read back, at {difference}. Every property that its JSON contract writes must be taken by its constructor or by a setter.",
                Text(json),
                Text(again));
    }

    private SpecificationException Refused(string expected) =>
        new("The projection failed.", expected, $"{_refusal!.GetType().Name}: {ExceptionText.MessageOf(_refusal)}", _refusal);

    private string Names() => string.Join(", ", _tables.Select(table => table.Projection.Name));

    private static string Text(ReadOnlySpan<byte> json) => Encoding.UTF8.GetString(json);

    private static string KeysOf(ProjectedTable table) => table.Documents.Count == 0
        ? "no document"
        : $"documents {string.Join(", ", table.Documents.Keys.Order(RecordKey.Order).Take(20).Select(key => $"'{key}'"))}{(table.Documents.Count > 20 ? ", …" : "")}";
}
