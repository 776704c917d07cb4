using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Handover;

/// <summary>
/// A process's part in seamless restarts. First it takes over from the process that serves, if there is one: <see cref="Begin"/>, prepare
/// everything, <see cref="TakeOverAsync"/>. Then it stands ready for the next: <see cref="StandReady"/>.
/// </summary>
/// <remarks>
/// The two meet at a Unix socket in a folder that only their user may enter; the kernel tells each who the other is. Nothing is lost
/// at any point: the same sockets are listened on by both, one serves until the other has everything, and connections stay where they are.
/// </remarks>
/// <param name="folder">Where they meet, made if it is missing: one for each thing that is served. Null: nobody takes over, or is taken over from.</param>
/// <param name="logger">Told of every try, and why one failed.</param>
public sealed class Succession(string? folder, ILogger logger) : IDisposable
{
    /// <summary>In what time a process that closed the talk must be seen to have ended: the kernel closes its sockets one by one.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(1);

    /// <summary>How long the process that serves waits for this one to be prepared.</summary>
    public static TimeSpan PreparationTime => HandoverProtocol.ReadyTimeout;

    private readonly TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FolderHandle? _folder;
    private HandoverClient? _client;
    private HandoverServer? _server;

    /// <summary>The listening sockets of this process.</summary>
    public HandoverSockets Sockets { get; } = new();

    /// <summary>Completes when this process may accept and receive.</summary>
    public Task Serving => _serving.Task;

    /// <summary>Completes when this process may tell of its own state: at once, or when it has all that it takes over.</summary>
    public Task Settled => _settled.Task;

    /// <summary>All that is to be taken over is, and a successor would be answered.</summary>
    public bool IsStanding { get; private set; }

    /// <summary>Completes when the next process does, and this one has but its established connections left.</summary>
    public Task HandedOver => _handedOver.Task;

    /// <summary>The next process, once <see cref="HandedOver"/> has completed; 0 before.</summary>
    public int SuccessorPid { get; private set; }

    /// <summary>Looks for the process that serves, and has its listening sockets from it.</summary>
    /// <exception cref="HandoverException">There is one and it does not agree, or fails; that one serves on, and this one has to end: both have the same to serve.</exception>
    public void Begin()
    {
        _folder = OpenFolder();
        if (_folder is not null) _client = HandoverClient.TryConnect(_folder, ProcessUser.Effective);
        if (_client is null)
        {
            _serving.SetResult();
            _settled.SetResult();
            return;
        }

        Sockets.IsTakingOver = true;
        _client.ReceiveListeners(Sockets);
        logger.LogInformation("Process {Pid} serves still; this one prepares to take over", _client.Pid);
    }

    /// <summary>Takes over now that everything is prepared, if there is a process to take over from. When this returns, this process serves.</summary>
    /// <remarks>Where the other process was killed meanwhile this one serves without what only that one knew.</remarks>
    /// <exception cref="HandoverException">It failed; the other process serves on, and this one has to end.</exception>
    public async Task TakeOverAsync(NodeDataplane dataplane)
    {
        if (_client is not { } client) return;
        try
        {
            var state = await TakeStateAsync(client);
            await dataplane.AdoptAsync(state);
            await OnItsOwn(() => client.Take());
            logger.LogInformation("Took over from process {Pid}: {Flows} UDP flows, {Clients} clients with a backend of theirs", client.Pid, state.Flows.Count, state.Affinities.Count);
        }
        catch (HandoverException)
        {
            // At once: it rests until it knows.
            EndTalk();
            throw;
        }
        catch (Exception exception)
        {
            client.GiveUp(exception.Message);
            EndTalk();
            throw new HandoverException($"cannot take over: {exception.Message}", exception);
        }

        // What opens while it begins to serve serves from the start.
        Sockets.IsTakingOver = false;
        var serving = dataplane.ServeAsync();
        _serving.SetResult();
        await LoggedAsync(serving, "Not all of the host's state could be taken over, it is looked over again");
        await OnItsOwn(client.WaitForEnd);
        await LoggedAsync(dataplane.TakeHostAsync(), "Not all of the kernel's state could be taken over, it is looked over again");
        EndTalk();
    }

    /// <summary>Closes what nobody has asked for of the predecessor's sockets, and waits for a successor from now on.</summary>
    public void StandReady(NodeDataplane dataplane)
    {
        Sockets.Dispose();
        try
        {
            if (_folder is not null)
            {
                _server = new HandoverServer(_folder, Sockets, dataplane, logger, ProcessUser.Effective);
                _ = TellAsync(_server);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("No other process can take over from this one: {Reason}", exception.Message);
        }

        IsStanding = true;
        _settled.TrySetResult();
    }

    /// <summary>Tells the process that serves now, when it asks, what this one still has; until it is disposed, before this is.</summary>
    /// <param name="text">Lines, made anew for each who asks, on a thread of its own.</param>
    /// <returns>Null where nobody took over.</returns>
    public LeftConnections? TellWhatIsLeft(Func<string> text) => _folder is { } handle && HandedOver.IsCompleted ? LeftConnections.TryBegin(handle, folder!, text, logger) : null;

    /// <summary>What the processes that this one and its predecessors took over from still have, each one's text. Waits for each of them half a second at most.</summary>
    public IReadOnlyList<string> WhatIsLeft()
    {
        try
        {
            return _folder is { } handle ? LeftConnections.Ask(handle, folder!) : [];
        }
        catch (Exception exception) when (exception is ObjectDisposedException or IOException or UnauthorizedAccessException)
        {
            // The end of this process, or someone has removed the folder.
            return [];
        }
    }

    /// <summary>Stops to wait for a successor. Before the data plane is disposed.</summary>
    public void Dispose()
    {
        _server?.Dispose();
        _client?.Dispose();
        Sockets.Dispose();
        // The next process meets its own successors there. (The server knows of it first.)
        if (_server is not null && !_server.HandedOver.IsCompleted) RemoveFolder();
        _server = null;
        _client = null;
        _folder?.Dispose();
        _folder = null;
    }

    private async Task<HandedState> TakeStateAsync(HandoverClient client)
    {
        try
        {
            return await OnItsOwn(() => client.TakeState(Sockets));
        }
        catch (HandoverException exception) when (exception.IsGone)
        {
            if (!await OnItsOwn(HasEnded)) throw;
            logger.LogWarning("Process {Pid} ended before it could hand over: this one serves with the listening sockets alone", client.Pid);
            return new HandedState([], [], []);
        }
    }

    // Closing the talk alone could be anybody's mistake; nobody listens where the process has ended.
    private bool HasEnded()
    {
        try
        {
            using var first = DescriptorSocket.Connect(_folder!, HandoverProtocol.SocketName);
            if (first is null) return true;
            first.SetTimeout(EndTime);
            if (first.Receive(new byte[DescriptorSocket.MaxMessageBytes], new int[DescriptorSocket.MaxDescriptors], out _) > 0) return false;
            using var second = DescriptorSocket.Connect(_folder!, HandoverProtocol.SocketName);
            return second is null;
        }
        catch (Exception exception) when (exception is IOException or TimeoutException)
        {
            return false;
        }
    }

    private void EndTalk()
    {
        _client?.Dispose();
        _client = null;
    }

    private void RemoveFolder()
    {
        try
        {
            File.Delete(Path.Combine(folder!, HandoverProtocol.SocketName));
            Directory.Delete(folder!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not empty, or not ours to remove: it harms nobody.
        }
    }

    private FolderHandle? OpenFolder()
    {
        if (folder is null) return null;
        if (!OperatingSystem.IsLinux())
        {
            logger.LogInformation("A restart is not seamless here: sockets are passed from process to process on Linux alone");
            return null;
        }

        FolderHandle? opened = null;
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            opened = FolderHandle.Open(folder);
            if (opened.IsPrivate) return opened;
            opened.Dispose();
            logger.LogWarning("A restart is not seamless: {Folder} is not this user's alone", folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            opened?.Dispose();
            logger.LogWarning("A restart is not seamless: {Reason}", exception.Message);
        }

        return null;
    }

    private async Task TellAsync(HandoverServer server)
    {
        await server.HandedOver;
        SuccessorPid = server.SuccessorPid;
        _handedOver.TrySetResult();
    }

    private async Task LoggedAsync(Task step, string what)
    {
        try
        {
            await step;
        }
        catch (Exception exception)
        {
            // There is no way back: the other process has let go. What failed is tried again with the next look at the host.
            logger.LogError(exception, "{What}", what);
        }
    }

    // The other side may take its time, and a thread of the pool is not ours to hold.
    private static Task OnItsOwn(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Task<T> OnItsOwn<T>(Func<T> action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
