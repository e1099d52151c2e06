namespace EventSourcing.Serialization;

/// <summary>Detects tags that occur twice. A few tags are compared one by one, many are looked up in a set.</summary>
internal struct DistinctTags()
{
    private const int MaxComparedTags = 16;

    private HashSet<Tag>? _many;

    /// <summary>Adds a tag to a list unless the list contains it; false when it does. All tags of the list must be added by this method.</summary>
    internal bool TryAdd(List<Tag> tags, Tag tag)
    {
        if (tags.Count < MaxComparedTags ? tags.Contains(tag) : !(_many ??= [.. tags]).Add(tag)) return false;
        tags.Add(tag);
        return true;
    }

    /// <summary>The first tag that occurs twice; null when all differ.</summary>
    internal static Tag? FirstRepeated(IReadOnlyList<Tag> tags)
    {
        var seen = tags.Count > MaxComparedTags ? new HashSet<Tag>(tags.Count) : null;
        for (var i = 0; i < tags.Count; i++)
            if (seen is null ? IsBefore(tags, i) : !seen.Add(tags[i]))
                return tags[i];
        return null;
    }

    private static bool IsBefore(IReadOnlyList<Tag> tags, int index)
    {
        for (var i = 0; i < index; i++)
            if (tags[i] == tags[index]) return true;
        return false;
    }
}
