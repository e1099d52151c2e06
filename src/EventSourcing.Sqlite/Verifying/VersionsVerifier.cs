using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Examines the versions of every stream, in the order of the (stream, version) index: none is missing but those of erased events, and positions rise with them.</summary>
internal sealed class VersionsVerifier(Database database, IssueList issues, long head)
{
    private readonly Statement _versions = database.Prepare(Sql.VerifyVersions);
    private readonly Statement _erased = database.Prepare(Sql.ErasedBetween);
    private long _stream, _version, _position;

    /// <summary>Examines a page; false when it was the last.</summary>
    internal bool CheckPage(int rows)
    {
        var count = 0;
        for (_versions.Bind(1, _stream).Bind(2, _version).Bind(3, rows); _versions.Step(); count++)
        {
            var (stream, version, position) = (_versions.Int64(0), _versions.Int64(1), _versions.Int64(2));
            if (stream != _stream) (_stream, _version, _position) = (stream, 0, 0);
            if (position <= head) Check(version, position);
            _version = version;
            _position = Math.Max(_position, position);
        }

        return count == rows;
    }

    private void Check(long version, long position)
    {
        var where = $"stream {_stream} version {version}, position {position}";
        if (position <= _position) issues.Add($"it lies before position {_position}, which has an earlier version", where);
        if (version < 1) issues.Add("versions begin at 1", where);
        var missing = version - _version - 1;
        // Erased events leave their positions behind, between those of their neighbours.
        if (missing > 0 && _erased.Bind(1, _position).Bind(2, position).Scalar(0) < missing) issues.Add(missing == 1 ? "the version before it is missing" : $"{missing} versions before it are missing", where);
    }
}
