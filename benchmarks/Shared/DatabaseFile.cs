namespace EventSourcing.Benchmarks;

/// <summary>A SQLite file with its companions, gone when disposed.</summary>
internal sealed class DatabaseFile : IDisposable
{
    /// <param name="directory">Where; null for the temporary directory.</param>
    /// <param name="name">The file's name, without extension.</param>
    public DatabaseFile(string? directory, string name)
    {
        Path = System.IO.Path.Combine(Directory.CreateDirectory(directory ?? System.IO.Path.GetTempPath()).FullName, $"{name}-{Environment.ProcessId}.db");
        Dispose();
    }

    public string Path { get; }

    /// <summary>Bytes on disk, write-ahead log included.</summary>
    public long Size => Companions().Where(File.Exists).Sum(f => new FileInfo(f).Length);

    /// <summary>Reads the file once, so that the system has it in memory. Not while it is open: closing it here would end SQLite's locks.</summary>
    public void Warm()
    {
        using var file = File.OpenRead(Path);
        file.CopyTo(Stream.Null, 1 << 20);
    }

    public void Dispose()
    {
        foreach (var file in Companions()) File.Delete(file);
    }

    private IEnumerable<string> Companions() => [Path, Path + "-wal", Path + "-shm"];
}
