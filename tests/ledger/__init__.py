"""What the record promises."""
