using System.Globalization;
using System.Net.Sockets;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary>The other two of a control plane, <c>cluster controller-manager</c> and <c>cluster scheduler</c>, beside an API server.</summary>
internal sealed class ControlPlaneProcesses : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly List<LoggedProgram> _programs = [];

    /// <summary>Both, once they say that they are ready.</summary>
    /// <param name="cluster">The program.</param>
    /// <param name="data">The API server's folder, where their kubeconfig files are.</param>
    /// <exception cref="InvalidOperationException">One did not come up; the message holds what it said.</exception>
    public static async Task<ControlPlaneProcesses> StartAsync(string cluster, string data)
    {
        var processes = new ControlPlaneProcesses();
        try
        {
            string pki = Path.Combine(data, "pki");
            await processes.AddAsync(cluster, "controller-manager", pki, "--root-ca-file", Path.Combine(pki, "ca.crt"));
            await processes.AddAsync(cluster, "scheduler", pki);
            return processes;
        }
        catch
        {
            processes.Dispose();
            throw;
        }
    }

    public IEnumerable<int> Pids => _programs.Select(program => program.Pid);

    public void Dispose() => _programs.ForEach(program => program.Dispose());

    private async Task AddAsync(string cluster, string component, string pki, params string[] options)
    {
        int port = ApiServerProcess.FreePort();
        string[] line =
        [
            "--pdeathsig", "KILL", cluster, component, "--kubeconfig", Path.Combine(pki, component + ".kubeconfig"),
            "--secure-port", port.ToString(CultureInfo.InvariantCulture), "--leader-elect", "false", .. options,
        ];
        LoggedProgram program = StartingThread.Run(() => new LoggedProgram("setpriv", line));
        _programs.Add(program);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        long began = TimeProvider.System.GetTimestamp();
        while (!await IsReadyAsync(client))
        {
            if (program.HasExited || TimeProvider.System.GetElapsedTime(began) > Patience) throw new InvalidOperationException($"the {component} did not come up: {program.Output}");
            await Task.Delay(Look);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri("/readyz", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException)
        {
            return false;
        }
    }
}
