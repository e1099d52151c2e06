using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>Guards stored events against changes of the program: a file in the repository holds the JSON Schema of every version of every event type, and a test compares it with the type map.</summary>
/// <example><code>
/// [Test]
/// public void Stored_events_stay_readable() => EventContract.Verify("events.contract.json", Shop.Types);
/// </code></example>
public static class EventContract
{
    /// <summary>Compares a type map with its contract file. Writes the file where there is none, and where the map has changed and every stored event stays readable.</summary>
    /// <param name="path">The file; a relative path is taken from the folder of the calling source file.</param>
    /// <param name="types">The type map.</param>
    /// <param name="update">False to write nothing: a file that is missing or out of date is an error then, as a build server needs it. Default true.</param>
    /// <param name="testFile">The calling source file; the compiler gives it.</param>
    /// <returns>What was found and done.</returns>
    /// <exception cref="EventContractException">A change makes stored events unreadable and no upcaster covers it; every difference is named. Or the file is missing or out of date, and <paramref name="update"/> is false.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of the file does not exist, as on a machine that did not compile the test: give a full path.</exception>
    public static EventContractResult Verify(string path, EventTypeMap types, bool update = true, [CallerFilePath] string testFile = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(types);
        var file = Path.Combine(Path.GetDirectoryName(testFile) ?? "", path);
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The folder of the contract file does not exist: '{folder}'. Give the full path of '{path}'.");
        var catalog = (JsonObject)JsonNode.Parse(types.ExportCatalog())!;
        if (!File.Exists(file))
        {
            if (!update) throw new EventContractException($"The contract file '{file}' does not exist. Run the test once with update: true, and commit the file.", []);
            Write(file, ContractFile.TextOf(catalog));
            return EventContractResult.Created;
        }

        var known = ContractFile.Read(file);
        var differences = CatalogComparison.Compare(known, catalog);
        if (differences.Count > 0) throw new EventContractException(Describe(file, differences), differences);
        var text = ContractFile.TextOf(ContractFile.Merge(known, catalog));
        if (text == File.ReadAllText(file).ReplaceLineEndings("\n")) return EventContractResult.Unchanged;
        if (!update) throw new EventContractException($"The contract file '{file}' is out of date: the type map has changed, and every stored event stays readable. Run the test once with update: true, and commit the file.", []);
        Write(file, text);
        return EventContractResult.Updated;
    }

    private static void Write(string file, string text) => File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    private static string Describe(string file, IReadOnlyList<string> differences) => new StringBuilder()
        .Append("Stored events would not be read as they were written: ").Append(differences.Count).Append(differences.Count == 1 ? " difference" : " differences").Append(" to '").Append(file).AppendLine("'.")
        .AppendJoin(Environment.NewLine, differences.Select(difference => $"  {difference}")).AppendLine()
        .Append("Raise the type's SchemaVersion and add an upcaster from the older number, or take the change back. Where no event of this shape is stored anywhere, change the file.").ToString();
}
