using System.Diagnostics;

namespace Cluster.EndToEnd.Tests;

/// <summary>A long-running program whose output is kept. Killed with the test.</summary>
internal sealed class LoggedProcess : IAsyncDisposable
{
    private readonly List<string> _lines = [];
    private readonly Process _process;

    public LoggedProcess(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool IsRunning => !_process.HasExited;

    /// <summary>What it has printed so far, line by line.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning) _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (_lines) _lines.Add(line.Data);
    }
}
