using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Examines the tag and the id index against the events: every entry leads to an event that says the same.</summary>
internal sealed class IndexVerifier(Database database, IssueList issues)
{
    private readonly Statement _tagPage = database.Prepare(Sql.VerifyTags);
    private readonly Statement _tagsAt = database.Prepare(Sql.TagsAt);
    private readonly Statement _idPage = database.Prepare(Sql.VerifyIds);
    private readonly Statement _idAt = database.Prepare(Sql.IdAt);
    private long _tag, _tagged;
    private byte[] _id = [];

    internal long Tags { get; private set; }

    internal long Ids { get; private set; }

    /// <summary>Examines a page of the tag index; false when it was the last.</summary>
    internal bool CheckTagsPage(int rows)
    {
        var count = 0;
        for (_tagPage.Bind(1, _tag).Bind(2, _tagged).Bind(3, rows); _tagPage.Step(); count++)
        {
            (_tag, _tagged) = (_tagPage.Int64(0), _tagPage.Int64(1));
            Tags++;
            if (!HasTag(_tagPage.Int64(2))) issues.Add("no event there has the tag and type", $"es_event_tags, tag {_tag}, position {_tagged}");
        }

        return count == rows;
    }

    /// <summary>Examines a page of the id index; false when it was the last.</summary>
    internal bool CheckIdsPage(int rows)
    {
        var count = 0;
        for (_idPage.Bind(1, _id).Bind(2, rows); _idPage.Step(); count++)
        {
            _id = _idPage.Bytes(0).ToArray();
            Ids++;
            var position = _idPage.Int64(1);
            // The id of an erased event stays, with a hash of its content.
            if (!_idPage.IsNull(2)) continue;
            var found = _idAt.Bind(1, position).Step() && _idAt.Bytes(0).SequenceEqual(_id);
            _idAt.Reset();
            if (!found) issues.Add($"no event with the id is at position {position}", $"es_ids, id {Convert.ToHexStringLower(_id)}");
        }

        return count == rows;
    }

    private bool HasTag(long type)
    {
        try
        {
            if (!_tagsAt.Bind(1, _tagged).Step() || _tagsAt.Int64(1) != type) return false;
            var tags = _tagsAt.Bytes(0);
            while (Varint.TryRead(ref tags, out var tag))
                if (tag == _tag) return true;
            return false;
        }
        finally
        {
            _tagsAt.Reset();
        }
    }
}
