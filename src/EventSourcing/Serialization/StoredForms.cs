using EventSourcing.Storage;

namespace EventSourcing.Serialization;

/// <summary>Selects the serializer that writes the events of an entry, and the serializer that reads a stored event by its form. Created once, with the map.</summary>
internal sealed class StoredForms
{
    // Only a few, so they are compared one by one.
    private readonly (string ContentType, IEventSerializer Serializer)[] _readers;
    private readonly IEventSerializer[] _unnamedBinary;

    /// <param name="own">The entry's own serializer, or null.</param>
    /// <param name="ofMap">Those of the map, the one that writes first; one content type each.</param>
    internal StoredForms(IEventSerializer? own, IReadOnlyList<IEventSerializer> ofMap)
    {
        // The entry's own serializer comes first: if two have the same form, it reads what it wrote. JSON is always read, because events may be inserted with SQL.
        IEventSerializer[] readers = [.. own is null ? ofMap : ofMap.Prepend(own), JsonEventSerializer.Shared];
        _readers = [.. readers.Select(s => (s.ContentType, s))];
        Writer = readers[0];
        IsJson = Writer.IsJson;
        ContentType = IsPlainJson(Writer) ? null : Writer.ContentType;
        Json = Array.Find(readers, IsPlainJson)!;
        _unnamedBinary = own is { IsJson: false } ? [own] : [.. ofMap.Where(s => !s.IsJson)];
    }

    /// <summary>The content types that are read, each once.</summary>
    internal IEnumerable<string> ContentTypes => _readers.Select(reader => reader.ContentType).Distinct(StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes events.</summary>
    internal IEventSerializer Writer { get; }

    /// <summary>True when what is written is JSON.</summary>
    internal bool IsJson { get; }

    /// <summary>What is stored with each event; null for JSON.</summary>
    internal string? ContentType { get; }

    /// <summary>Reads JSON that is stored without a content type.</summary>
    internal IEventSerializer Json { get; }

    /// <summary>The serializer that reads a stored form.</summary>
    /// <param name="contentType">The stored content type, or null.</param>
    /// <param name="isJson">Whether the bytes were stored as JSON.</param>
    /// <exception cref="InvalidDataException">None does.</exception>
    internal IEventSerializer ReaderOf(string? contentType, bool isJson)
    {
        if (contentType is null) return isJson ? Json : ReaderOfUnnamed();
        foreach (var (read, serializer) in _readers)
            if (read.Equals(contentType, StringComparison.OrdinalIgnoreCase)) return serializer;
        throw new InvalidDataException($"it is stored as '{contentType}', which no serializer of the type map reads. Add one for it: map.{nameof(EventTypeMapBuilder.AddSerializer)}(…)");
    }

    /// <exception cref="ArgumentException">The serializer contradicts itself, or its content type cannot be stored.</exception>
    internal static void ThrowIfInvalid(IEventSerializer serializer, string parameter)
    {
        if (serializer.ContentType is not { } contentType) throw new ArgumentException($"{serializer.GetType()} has no content type.", parameter);
        Name.ThrowIfInvalid(contentType, "content type", parameter);
        if (IsPlainJson(serializer) && !serializer.IsJson)
            throw new ArgumentException($"{serializer.GetType()} has the content type '{contentType}', but its IsJson is false. Return true, or another content type.", parameter);
    }

    internal static bool IsPlainJson(IEventSerializer serializer) => serializer.ContentType.Equals(JsonEventSerializer.MediaType, StringComparison.OrdinalIgnoreCase);

    // Before content types were stored, a log had only one serializer.
    private IEventSerializer ReaderOfUnnamed() => _unnamedBinary switch
    {
        [var only] => only,
        [] => throw new InvalidDataException(
            $"it is binary, stored without a content type, and the type map reads JSON only. Add the serializer that wrote it: map.{nameof(EventTypeMapBuilder.AddSerializer)}(…)"),
        _ => throw new InvalidDataException(
            $"it is binary, stored without a content type, and the type map has several serializers that are not JSON: {string.Join(", ", _unnamedBinary.Select(s => s.ContentType))}. "
            + "Name the one that wrote it where the type is added: map.Add<…>(…, e => e.Serializer(…))"),
    };
}
