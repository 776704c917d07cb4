using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Fairness;

/// <summary>The greedy client's process. It ends with the benchmark, however that ends.</summary>
internal sealed class GreedyProcess : IDisposable
{
    private readonly Process _process;

    private GreedyProcess(Process process) => _process = process;

    /// <summary>Begins.</summary>
    /// <param name="load">In which way.</param>
    /// <param name="url">Whom it bothers.</param>
    /// <param name="folder">Where its certificate and the authority's are.</param>
    /// <param name="core">The core it is bound to, and yields to others on.</param>
    public static GreedyProcess Start(string load, Uri url, string folder, int core)
    {
        string[] line =
        [
            "--pdeathsig", "KILL", "nice", "-n", "19", "taskset", "-c", core.ToString(CultureInfo.InvariantCulture), Environment.ProcessPath!,
            "fairness-greedy", "--load", load, "--url", url.ToString(), "--folder", folder,
        ];
        return new GreedyProcess(StartingThread.Run(() => Process.Start(new ProcessStartInfo("setpriv", line) { RedirectStandardOutput = true, RedirectStandardInput = true })!));
    }

    /// <summary>Ends it.</summary>
    public async Task<GreedyOutcome> StopAsync()
    {
        _process.StandardInput.Close();
        string text = await _process.StandardOutput.ReadToEndAsync();
        return JsonSerializer.Deserialize<GreedyOutcome>(text) ?? throw new InvalidOperationException("the greedy client said nothing");
    }

    /// <summary>What the process does: until its standard input ends.</summary>
    public static async Task<int> RunAsync(string load, string url, string folder)
    {
        using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "pki", "ca.crt"));
        using X509Certificate2 client = X509CertificateLoader.LoadPkcs12FromFile(Path.Combine(folder, "greedy.p12"), null);
        using var stop = new CancellationTokenSource();
        var greedy = new GreedyLoad(new Uri(url), authority, client, stop.Token);
        Task running = greedy.RunAsync(load);
        await Console.In.ReadToEndAsync();
        GreedyOutcome outcome = greedy.Outcome;
        await stop.CancelAsync();
        await Task.WhenAny(running, Task.Delay(TimeSpan.FromSeconds(2)));
        Console.WriteLine(JsonSerializer.Serialize(outcome));
        return 0;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
