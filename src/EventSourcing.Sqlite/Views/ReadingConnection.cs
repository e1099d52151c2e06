using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Views;

/// <summary>Opens connections for user code that reads a build.</summary>
internal static class ReadingConnection
{
    private const string Build = "SELECT view_set, version, build, position FROM es_view";

    /// <exception cref="StoreCorruptException">The file is another one by now.</exception>
    internal static SqliteConnection Open(string path, ViewBuildId id, GlobalPosition least)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = ViewSql.Begin;
            command.ExecuteNonQuery();
            // The first read begins the snapshot.
            command.CommandText = Build;
            using var row = command.ExecuteReader();
            if (!row.Read() || new ViewBuildId(row.GetString(0), row.GetInt32(1), row.GetInt64(2)) != id || row.GetInt64(3) < least.ToInt64())
                throw new StoreCorruptException($"The file was replaced while it was open: it is not that of the build '{id}'. Rebuild the view.", path);
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (e is SqliteException sqlite) throw ViewErrors.TranslateReading(sqlite, path);
            throw;
        }
    }
}
