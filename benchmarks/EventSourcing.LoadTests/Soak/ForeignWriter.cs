using System.Globalization;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Inserts into <c>events</c> by SQL: through a connection in this process and from another process, each opened for one insert.</summary>
/// <remarks>The other process is this program. The <c>sqlite3</c> shell of most systems is older than 3.51.3, and such a SQLite can damage a file that several connections write.</remarks>
internal sealed class ForeignWriter(SoakedLog log) : Actor("foreign writer", "inserts", log)
{
    /// <summary>The argument of the other process.</summary>
    public const string Inserting = "soak-inserting";

    private const int ProcessOneIn = 10;

    /// <summary>The other process.</summary>
    public static void Insert(string path, string number)
    {
        using var connection = Sql.Open(path);
        Sql.Execute(connection, $$"""INSERT INTO events (stream, eventType, data) VALUES ('foreign', '{{SoakEvents.NotedType}}', printf('{"Number":%d,"By":"SQL"}', $number))""", long.Parse(number, CultureInfo.InvariantCulture));
    }

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await RestAsync(50, 500, stop);
        var number = Log.Ledger.Next();
        var text = number.ToString(CultureInfo.InvariantCulture);
        if (OneIn(ProcessOneIn))
        {
            using var other = ThisProgram.Start(Inserting, Log.Path, text);
            await other.WaitForExitAsync(CancellationToken.None);
            if (!Expect(other.ExitCode == 0, $"fails in another process: exit code {other.ExitCode}")) return;
        }
        else
        {
            Insert(Log.Path, text);
        }

        Log.Ledger.Acknowledge(number, Ledger.NotTold);
        Did();
    }
}
