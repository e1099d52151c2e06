namespace EventSourcing.Serialization;

/// <summary>Tells whether a tag was there before. A few are compared one by one, many are looked up.</summary>
internal struct DistinctTags()
{
    private const int FewAtMost = 16;

    private HashSet<Tag>? _many;

    /// <summary>Adds a tag to a list unless it is there; false when it is. All tags of the list were added by this.</summary>
    internal bool TryAdd(List<Tag> tags, Tag tag)
    {
        if (tags.Count < FewAtMost ? tags.Contains(tag) : !(_many ??= [.. tags]).Add(tag)) return false;
        tags.Add(tag);
        return true;
    }

    /// <summary>The first tag that is there twice; null when all differ.</summary>
    internal static Tag? FirstRepeated(IReadOnlyList<Tag> tags)
    {
        var seen = tags.Count > FewAtMost ? new HashSet<Tag>(tags.Count) : null;
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
