using System.Diagnostics;
using System.Globalization;

namespace Cluster.LoadTests.Machine;

/// <summary>A program that runs in a namespace on one core while it is measured; it ends with the benchmark, however that ends.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int KeptLines = 200;
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(8);

    private readonly Process _process;
    private readonly Queue<string> _lines = new();

    public ChildProcess(TestNamespace place, int core, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        // setpriv lets the kernel end it when this process is gone, which no cleanup of ours could do after a kill -9.
        string[] line = [$"--net={place.Path}", "setpriv", "--pdeathsig", "KILL", "taskset", "-c", core.ToString(CultureInfo.InvariantCulture), .. command];
        var start = new ProcessStartInfo("nsenter", line) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, data) => Keep(data.Data);
        _process.ErrorDataReceived += (_, data) => Keep(data.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it said last.</summary>
    public string Output
    {
        get
        {
            if (_process.HasExited) _process.WaitForExit();
            lock (_lines) return string.Join('\n', _lines);
        }
    }

    public void WriteLine(string line) => _process.StandardInput.WriteLine(line);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Shell.Try("kill", "-TERM", Pid.ToString(CultureInfo.InvariantCulture));
            if (!_process.WaitForExit(StopTime)) _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > KeptLines) _lines.Dequeue();
        }
    }
}
