namespace Orders.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orders-tests-");

    internal string File(string name) => Path.Combine(_folder.FullName, name);

    internal string Sales(params string[] lines) => Write("sales.csv", [string.Join(',', Orders.Importing.SaleLine.Columns), .. lines]);

    internal string Write(string name, params string[] lines)
    {
        var path = File(name);
        System.IO.File.WriteAllText(path, string.Join('\n', lines) + "\n");
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
