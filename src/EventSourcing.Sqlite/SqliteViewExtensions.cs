using EventSourcing.Sqlite.Views;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>Reads views in SQLite files by SQL.</summary>
public static class SqliteViewExtensions
{
    /// <summary>Opens the file of the build that serves a view set, for reading: tables of projections, and the SQL view of each projection with documents, at one point in time.</summary>
    /// <param name="views">Views of a store in a SQLite file.</param>
    /// <param name="set">The set's name.</param>
    /// <param name="at">A position that the set must have handled; null for none. The call waits for it, and fails at once when the set is paused or faulted.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    /// <returns>An open connection, inside a transaction that only reads: it sees one state, whatever is written meanwhile. To be disposed soon, as the file's write-ahead log grows while it is open.</returns>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="InvalidOperationException">The views are not in SQLite files.</exception>
    /// <exception cref="StoreCorruptException">The file was removed or replaced.</exception>
    public static async ValueTask<SqliteConnection> OpenConnectionAsync(this EventViews views, string set, GlobalPosition? at = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(views);
        using var snapshot = await views.OpenSnapshotAsync(set, at, cancellationToken).ConfigureAwait(false);
        var rows = snapshot.Find<SqliteViewSnapshot>() ?? throw new InvalidOperationException("The views of the store are not in SQLite files.");
        return rows.OpenConnection();
    }
}
