using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.KillTest.Segments;

/// <summary>The parent's end of a worker: reads what it says, answers its effects.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Receiver _receiver;
    private readonly Task _reading;

    internal WorkerProcess(string folder, Receiver receiver)
    {
        _receiver = receiver;
        _process = Process.Start(new ProcessStartInfo("dotnet", [typeof(WorkerProcess).Assembly.Location, "worker", folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _reading = Task.Run(ReadAsync);
    }

    internal void Freeze() => Signals.Freeze(_process);

    internal void Thaw() => Signals.Thaw(_process);

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    /// <summary>Ends it in order.</summary>
    internal async Task EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["took", var segment]:
                    _receiver.Took(this, Number(segment));
                    break;
                case ["left", var segment]:
                    _receiver.Left(this, Number(segment));
                    break;
                case ["late"]:
                    _receiver.CheckpointRefused();
                    break;
                case ["effect", var number, var segment, var epoch, var position, var key]:
                    Answer($"{number} {(_receiver.Accepts(Number(segment), Number(epoch), Number(position), key) ? "yes" : "no")}");
                    break;
                default:
                    // Killed in the middle of a line.
                    break;
            }
        }
    }

    private void Answer(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Killed or ended meanwhile.
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
