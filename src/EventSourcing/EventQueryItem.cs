using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>One alternative of an <see cref="EventQuery"/>: one of the types, and all the tags, and the category, and the stream.</summary>
public sealed class EventQueryItem
{
    /// <summary>An item over stored names.</summary>
    /// <param name="types">Type names of which an event has one; empty demands nothing of the type.</param>
    /// <param name="tags">Tags of which an event has all; empty demands none.</param>
    /// <param name="category">The stream's category, or null.</param>
    /// <param name="stream">The stream, or null.</param>
    /// <exception cref="ArgumentException">There is no criterion at all, or a name is not valid.</exception>
    public EventQueryItem(IEnumerable<string>? types = null, IEnumerable<Tag>? tags = null, string? category = null, StreamId? stream = null)
        : this([.. types ?? []], [], [.. tags ?? []], category, stream)
    {
    }

    internal EventQueryItem(string[] types, Type[] clrTypes, Tag[] tags, string? category, StreamId? stream)
    {
        if (types.Length == 0 && clrTypes.Length == 0 && tags.Length == 0 && category is null && stream is null)
            throw new ArgumentException("A query item has at least one criterion; every event is EventQuery.All.", nameof(types));
        foreach (var type in types) Name.ThrowIfInvalid(type, "event type name", nameof(types));
        if (category is not null) WellFormed.ThrowIfNot(category, "A category", nameof(category));
        foreach (var type in clrTypes) ArgumentNullException.ThrowIfNull(type, nameof(clrTypes));
        foreach (var tag in tags)
            if (tag == default) throw new ArgumentException("default(Tag) is no tag.", nameof(tags));
        (Types, ClrTypes, Tags, Category, Stream) = (types, clrTypes, tags.Distinct().ToArray(), category, stream);
    }

    /// <summary>Stored type names, any of which matches; empty when the type is free.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Tags that an event must all carry; empty when tags are free.</summary>
    public IReadOnlyList<Tag> Tags { get; }

    /// <summary>The category of the event's stream, or null when it is free.</summary>
    public string? Category { get; }

    /// <summary>The event's stream, or null when it is free.</summary>
    public StreamId? Stream { get; }

    /// <summary>Types still to be replaced by their stored names; a log refuses an item that has any.</summary>
    internal IReadOnlyList<Type> ClrTypes { get; }

    /// <summary>Criteria joined by AND.</summary>
    public override string ToString()
    {
        var criteria = new List<string>();
        var types = Types.Concat(ClrTypes.Select(t => t.Name)).ToArray();
        if (types.Length > 0) criteria.Add("type " + string.Join(" or ", types));
        if (Tags.Count > 0) criteria.Add("tagged " + string.Join(", ", Tags));
        if (Category is not null) criteria.Add($"category {Category}");
        if (Stream is not null) criteria.Add($"stream {Stream}");
        return "(" + string.Join(" and ", criteria) + ")";
    }

    internal bool Matches(string type, StreamId stream, IReadOnlyList<Tag> tags)
    {
        if (ClrTypes.Count > 0) return false;
        if (Types.Count > 0 && !Types.Contains(type)) return false;
        if (Stream is { } demanded && demanded != stream) return false;
        if (Category is not null && !stream.IsInCategory(Category)) return false;
        for (var i = 0; i < Tags.Count; i++)
            if (!tags.Contains(Tags[i])) return false;
        return true;
    }

    internal EventQueryItem With(Tag[]? tags = null, string? category = null, StreamId? stream = null) =>
        new([.. Types], [.. ClrTypes], tags ?? [.. Tags], category ?? Category, stream ?? Stream);

    internal EventQueryItem Resolve(Func<Type, IEnumerable<string>> names) =>
        new([.. Types.Concat(ClrTypes.SelectMany(names)).Distinct()], [], [.. Tags], Category, Stream);
}
