using System.Diagnostics;
using System.Globalization;

namespace Cluster.LoadTests.Machine;

/// <summary>A program of this namespace and all cores, ended with the benchmark. Its output is read from the moment <see cref="Listen"/> is called.</summary>
internal sealed class LoggedProgram : IDisposable
{
    private const int KeptLines = 200;
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(60);

    private readonly Queue<string> _lines = new();
    private readonly Process _process;
    private bool _listens;

    public LoggedProgram(string program, params string[] arguments)
        : this(listens: true, program, arguments)
    {
    }

    /// <param name="listens">Reading what it says takes from the core it starts on: false leaves it for later.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">What it is told.</param>
    public LoggedProgram(bool listens, string program, IEnumerable<string> arguments)
    {
        _process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true } };
        _process.OutputDataReceived += (_, data) => Keep(data.Data);
        _process.ErrorDataReceived += (_, data) => Keep(data.Data);
        _process.Start();
        if (listens) Listen();
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it said last.</summary>
    public string Output
    {
        get
        {
            Listen();
            if (_process.HasExited) _process.WaitForExit();
            lock (_lines) return string.Join('\n', _lines);
        }
    }

    public void Listen()
    {
        if (_listens) return;
        _listens = true;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Listen();
            Shell.Try("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
            if (!_process.WaitForExit(StopTime)) _process.Kill();
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
