using System.Runtime.InteropServices;

namespace EventSourcing.Storage;

/// <summary>One alternative of a <see cref="LogQuery"/>: one of the types, and all the tags, and the category, and the stream. Immutable.</summary>
public sealed class LogQueryItem
{
    private readonly string[] _types;
    private readonly Tag[] _tags;

    /// <summary>An item.</summary>
    /// <param name="types">Stored type names of which an event has one; empty requires nothing of the type.</param>
    /// <param name="tags">Tags of which an event has all; empty requires none.</param>
    /// <param name="category">The stream's category, or null.</param>
    /// <param name="stream">The stream, or null.</param>
    /// <exception cref="ArgumentException">There is no criterion at all, or a name is not valid.</exception>
    public LogQueryItem(IEnumerable<string>? types = null, IEnumerable<Tag>? tags = null, string? category = null, StreamId? stream = null)
        : this([.. types ?? []], [.. (tags ?? []).Distinct()], category, stream)
    {
        if (_types.Length == 0 && _tags.Length == 0 && category is null && stream is null)
            throw new ArgumentException("A query item needs at least one criterion. For every event, use the query All.", nameof(types));
        foreach (var type in _types)
        {
            ArgumentNullException.ThrowIfNull(type, nameof(types));
            Name.ThrowIfInvalid(type, "event type name", nameof(types));
        }

        foreach (var tag in _tags)
            if (tag == default) throw new ArgumentException("default(Tag) is not a tag. Remove it.", nameof(tags));
        if (category is not null) Name.ThrowIfNoCategory(category, nameof(category));
        if (stream is { } named) ThrowIfNoStream(named, nameof(stream));
        ThrowIfApart(category, stream, nameof(stream));
    }

    // Of parts that are valid, each tag once.
    internal LogQueryItem(string[] types, Tag[] tags, string? category, StreamId? stream) =>
        (_types, _tags, Category, Stream) = (types, tags, category, stream);

    /// <summary>Stored type names, any of which matches; empty when the type is free.</summary>
    public IReadOnlyList<string> Types => ImmutableCollectionsMarshal.AsImmutableArray(_types);

    /// <summary>Tags that an event must all carry, each once; empty when tags are free.</summary>
    public IReadOnlyList<Tag> Tags => ImmutableCollectionsMarshal.AsImmutableArray(_tags);

    /// <summary>The category of the event's stream, or null when it is free.</summary>
    public string? Category { get; }

    /// <summary>The event's stream, or null when it is free.</summary>
    public StreamId? Stream { get; }

    /// <summary>The tags, for another item; never changed.</summary>
    internal Tag[] TagArray => _tags;

    /// <summary>The type names, for another item; never changed.</summary>
    internal string[] TypeArray => _types;

    /// <summary>Criteria joined by AND.</summary>
    public override string ToString() => Describe(_types, this);

    internal static string Describe(IReadOnlyCollection<string> types, LogQueryItem? others)
    {
        var criteria = new List<string>();
        if (types.Count > 0) criteria.Add("type " + string.Join(" or ", types));
        if (others is { _tags.Length: > 0 }) criteria.Add("tagged " + string.Join(", ", others._tags));
        if (others is { Category: { } category }) criteria.Add($"category {category}");
        if (others is { Stream: { } stream }) criteria.Add($"stream {stream}");
        return "(" + string.Join(" and ", criteria) + ")";
    }

    /// <summary>An item, or every event where it is null, that also requires a tag.</summary>
    internal static LogQueryItem Tagged(LogQueryItem? item, Tag tag) =>
        item is null ? new([], [tag], null, null)
        : Array.IndexOf(item._tags, tag) >= 0 ? item
        : new(item._types, [.. item._tags, tag], item.Category, item.Stream);

    /// <summary>An item, or every event where it is null, that also requires a category.</summary>
    internal static LogQueryItem InCategory(LogQueryItem? item, string category)
    {
        Name.ThrowIfNoCategory(category, nameof(category));
        if (item is null) return new([], [], category, null);
        ThrowIfApart(category, item.Stream, nameof(category));
        return item.Category is null || item.Category == category
            ? new(item._types, item._tags, category, item.Stream)
            : throw new ArgumentException($"No event matches: a stream has one category, but the query requires '{item.Category}' and '{category}'.", nameof(category));
    }

    /// <summary>An item, or every event where it is null, that also requires a stream.</summary>
    internal static LogQueryItem InStream(LogQueryItem? item, StreamId stream)
    {
        ThrowIfNoStream(stream, nameof(stream));
        if (item is null) return new([], [], null, stream);
        ThrowIfApart(item.Category, stream, nameof(stream));
        return item.Stream is null || item.Stream == stream
            ? new(item._types, item._tags, item.Category, stream)
            : throw new ArgumentException($"No event matches: an event has one stream, but the query requires '{item.Stream}' and '{stream}'.", nameof(stream));
    }

    internal bool Matches(string type, StreamId stream, IReadOnlyList<Tag> tags)
    {
        if (_types.Length > 0 && Array.IndexOf(_types, type) < 0) return false;
        if (Stream is { } required && required != stream) return false;
        if (Category is not null && !stream.IsInCategory(Category)) return false;
        foreach (var tag in _tags)
            if (!tags.Contains(tag)) return false;
        return true;
    }

    private static void ThrowIfApart(string? category, StreamId? stream, string parameter)
    {
        if (category is not null && stream is { } one && !one.IsInCategory(category))
            throw new ArgumentException($"No event matches: the stream '{one}' is in the category '{one.Category}', not in '{category}'.", parameter);
    }

    private static void ThrowIfNoStream(StreamId stream, string parameter)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", parameter);
    }
}
