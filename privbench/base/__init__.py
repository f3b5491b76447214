"""What every room uses: errors, files, seeds, progress, validated parameters."""
