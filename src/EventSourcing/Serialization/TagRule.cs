namespace EventSourcing;

/// <summary>A rule that makes a JSON property of an event a tag: data, so that a log can apply it without the event's type.</summary>
/// <remarks>A string gives its text, a number or boolean its JSON text, an array a tag for each of its elements, null or a missing property none. Of a property that is there more than once the last counts, which is the one that the event is read with.</remarks>
public sealed record TagRule
{
    /// <summary>A rule.</summary>
    /// <param name="tag">The tag's name.</param>
    /// <param name="property">The name of the property at the top of the event's JSON.</param>
    public TagRule(string tag, string property) =>
        (Tag, Property) = (tag, property);

    /// <summary>The tag's name.</summary>
    public string Tag { get; }

    /// <summary>The name of the property at the top of the event's JSON.</summary>
    public string Property { get; }

    /// <summary>True when the property's name is compared without case, as a contract with <c>PropertyNameCaseInsensitive</c> reads it. Default false: by its bytes.</summary>
    public bool IgnoresCase { get; init; }
}
