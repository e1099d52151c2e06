using EventSourcing.Sqlite.Files;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.Sqlite;

/// <summary>Chooses SQLite in <c>AddEventSourcing(…)</c>.</summary>
public static class SqliteEventSourcingBuilderExtensions
{
    /// <summary>Keeps events in a SQLite file, opened when the store is first asked for.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">The path of the file, not a connection string. Its directory has to exist.</param>
    /// <param name="options">How the log works; null for the defaults. Without a clock of their own they use the container's.</param>
    public static EventSourcingBuilder UseSqlite(this EventSourcingBuilder builder, string path, SqliteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        LogPath.ThrowIfNoPath(path, nameof(path));
        return builder.UseLog(services => SqliteEventLog.Open(path, (options ?? new()).On(services.GetRequiredService<TimeProvider>())));
    }
}
