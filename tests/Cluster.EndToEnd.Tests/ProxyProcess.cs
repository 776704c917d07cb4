using System.Diagnostics;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>The binary as a load balancer of a file: <c>cluster proxy --config</c>. Ended with the test.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly StringBuilder _log = new();
    private readonly Process _process;
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-proxy-").FullName;

    /// <param name="config">The file's first text.</param>
    /// <param name="before">A command the binary is started by, such as one that takes privileges away.</param>
    public ProxyProcess(string config, params string[] before)
    {
        // Readable by whoever the command makes it.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Configure(config);
        string[] command = [.. before, Machine.ClusterBinary, "proxy", "--config", ConfigPath];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string ConfigPath => Path.Combine(_folder, "lb.yaml");

    /// <summary>What it has printed so far.</summary>
    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    /// <summary>Replaces the file, as an editor does: by renaming.</summary>
    public void Configure(string config)
    {
        File.WriteAllText(ConfigPath + ".new", config);
        File.Move(ConfigPath + ".new", ConfigPath, overwrite: true);
    }

    public Task UntilLoggedAsync(string text) => Poll.UntilAsync($"the proxy to say \"{text}\"; it said:\n{Log}", () => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), 20);

    /// <summary>Waits for its end by itself.</summary>
    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20));
        return _process.ExitCode;
    }

    /// <summary>Ends it as a service manager does.</summary>
    public async Task<int> TerminateAsync()
    {
        (await CommandResult.RunAsync("kill", ["-TERM", $"{_process.Id}"], TimeSpan.FromSeconds(5))).Succeeded();
        return await ExitCodeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Note(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }
}
