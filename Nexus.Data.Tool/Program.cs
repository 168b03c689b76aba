using System.Runtime.InteropServices;
using Nexus.Data.Tool;

using var stopping = new CancellationTokenSource();

// The first one stops cleanly, a second one at once.
void Stop(PosixSignalContext signal)
{
    if (!stopping.IsCancellationRequested)
    {
        signal.Cancel = true;
        stopping.Cancel();
    }
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

return await NexusDataCommand.RunAsync(args, ToolHost.OfProcess(), stopping.Token);
